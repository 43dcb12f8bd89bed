"""What the directory refuses about passwords of addresses."""

from postroom_shared.errors import PayloadError, RateLimitedError


class PasswordTooWeakError(PayloadError):
    """The password is too short, too plain, too common, or made of the address; `extra["reason"]` says which."""

    slug = "directory/password-too-weak"
    title = "This password is too easy to guess"


class TooManyWrongPasswordsError(RateLimitedError):
    """Too many wrong passwords were tried for this address, or another one is being tried at this moment."""

    slug = "directory/too-many-wrong-passwords"
    title = "Too many wrong passwords were tried"

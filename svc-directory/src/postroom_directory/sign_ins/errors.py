"""What is refused about sign-ins. Nothing tells an unknown e-mail from a wrong password or a disabled person."""

from postroom_shared.errors import RateLimitedError, UnauthenticatedError


class SignInRefusedError(UnauthenticatedError):
    """E-mail and password do not belong together, or nobody of that name may sign in."""

    slug = "directory/sign-in-refused"
    title = "E-mail or password is wrong"


class SignInDelayedError(RateLimitedError):
    """Too many wrong passwords for this account or from this place; `Retry-After` says how long to wait."""

    slug = "directory/sign-in-delayed"
    title = "Too many wrong passwords"

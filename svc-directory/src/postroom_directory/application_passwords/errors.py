"""What the directory refuses about application passwords."""

from postroom_shared.errors import ConflictError, NotFoundError, PayloadError


class ApplicationPasswordNotFoundError(NotFoundError):
    """The address has no such application password."""

    slug = "directory/application-password-not-found"
    title = "The address has no such application password"


class TooManyApplicationPasswordsError(ConflictError):
    """The address has as many as one may have."""

    slug = "directory/too-many-application-passwords"
    title = "The address has too many application passwords"


class AlreadyExpiredError(PayloadError):
    """It would end before it begins."""

    slug = "directory/already-expired"
    title = "The expiry lies in the past"

"""What the directory refuses about mail services."""

from postroom_shared.errors import ConflictError, NotFoundError, PayloadError


class MailServiceNotFoundError(NotFoundError):
    """There is no such mail service, or the caller may not see it."""

    slug = "directory/mail-service-not-found"
    title = "There is no such mail service"


class MailServiceNotEmptyError(ConflictError):
    """It still has addresses, aliases or keys."""

    slug = "directory/mail-service-not-empty"
    title = "The mail service is not empty"


class UnknownReferenceError(PayloadError):
    """The organisation or the mail server that was named does not exist."""

    slug = "directory/unknown-reference"
    title = "Something this refers to does not exist"

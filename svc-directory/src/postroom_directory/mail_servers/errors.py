"""What the directory refuses about mail servers."""

from postroom_shared.errors import ConflictError, NotFoundError, PayloadError


class MailServerNotFoundError(NotFoundError):
    """There is no such mail server, or none of the caller's mail services is on it."""

    slug = "directory/mail-server-not-found"
    title = "There is no such mail server"


class MailServerNameTakenError(ConflictError):
    """Another mail server has this name."""

    slug = "directory/mail-server-name-taken"
    title = "Another mail server has this name"


class MailServerInUseError(ConflictError):
    """Mail services are still on it."""

    slug = "directory/mail-server-in-use"
    title = "Mail services are still on this mail server"


class CertificateUnreadableError(PayloadError):
    """The text is not a certificate."""

    slug = "directory/certificate-unreadable"
    title = "The certificate cannot be read"


class MasterLoginMissingError(NotFoundError):
    """No master login was set for this mail server."""

    slug = "directory/master-login-missing"
    title = "This mail server has no master login"

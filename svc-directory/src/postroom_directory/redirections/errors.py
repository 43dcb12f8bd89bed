"""What the directory refuses about redirections."""

from postroom_shared.errors import ConflictError, NotFoundError


class RedirectionNotFoundError(NotFoundError):
    """The address has no such redirection."""

    slug = "directory/redirection-not-found"
    title = "The address has no such redirection"


class RedirectionExistsError(ConflictError):
    """The address redirects there already, or waits for the consent."""

    slug = "directory/redirection-exists"
    title = "The address redirects there already"


class RedirectionLoopError(ConflictError):
    """The target is the address itself, by one of its names."""

    slug = "directory/redirection-loop"
    title = "An address is not redirected to itself"


class TooManyRedirectionsError(ConflictError):
    """The address has as many redirections as one may have."""

    slug = "directory/too-many-redirections"
    title = "The address has too many redirections"


class TokenInvalidError(NotFoundError):
    """The token was used, has run out, was replaced by a newer one or never existed: the four are answered alike."""

    slug = "directory/token-invalid"
    title = "This link is no longer valid"


class AlreadyConfirmedError(ConflictError):
    """Whoever owns the target has agreed already."""

    slug = "directory/already-confirmed"
    title = "This redirection is confirmed already"

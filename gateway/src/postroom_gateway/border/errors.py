"""What the gateway refuses before it asks who is calling."""

from http import HTTPStatus

from postroom_shared.errors import MalformedError, NotFoundError, ProblemError


class NothingHereError(NotFoundError):
    """No service of the suite answers this path."""

    slug = "gateway/nothing-here"
    title = "There is nothing here"


class BadPathError(MalformedError):
    """The path has dot segments, encoded slashes, or characters that no path of ours has."""

    slug = "gateway/bad-path"
    title = "The path cannot be read"


class BadOrganisationError(MalformedError):
    """`Postroom-Organisation` is no UUID, or is there twice."""

    slug = "gateway/bad-organisation"
    title = "Postroom-Organisation is not one UUID"


class UrlTooLongError(ProblemError):
    """Path and query are longer than this API reads."""

    slug = "gateway/url-too-long"
    title = "The URL is too long"
    status = HTTPStatus.REQUEST_URI_TOO_LONG


class HeadersTooLargeError(ProblemError):
    """The request has more or larger header fields than this API reads."""

    slug = "gateway/headers-too-large"
    title = "The header fields are too large"
    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


class UnknownMethodError(ProblemError):
    """The method is none this API knows."""

    slug = "gateway/unknown-method"
    title = "This method is not known here"
    status = HTTPStatus.NOT_IMPLEMENTED


class WebSocketError(ProblemError):
    """The suite has no WebSocket; live progress comes as server-sent events."""

    slug = "gateway/no-websocket"
    title = "There is no WebSocket here"
    status = HTTPStatus.NOT_IMPLEMENTED

"""What a request must look like before anybody reads it. Pure."""

import re

from starlette.types import Scope

from postroom_gateway.border.errors import (
    BadPathError,
    HeadersTooLargeError,
    UnknownMethodError,
    UrlTooLongError,
    WebSocketError,
)
from postroom_gateway.proxy.headers import values_of
from postroom_gateway.settings import GatewaySettings
from postroom_shared.http.problem import BodyTooLargeError

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"})
"""Those whoever answers the path knows, if only to say 405 with what is allowed there (RFC 9110 §15.5.6)."""
_FIELD_OVERHEAD = 4  # ": " and the end of the line
_PLAIN_PATH = re.compile(r"/[^\x00-\x1f\x7f\\]*")
_ENCODED_SEPARATOR = re.compile(rb"%(2f|5c|00)", re.IGNORECASE)


def check_shape(scope: Scope, settings: GatewaySettings) -> None:
    """Refuse what is too long, or what one of two servers might read differently from the other.

    Raises:
        UnknownMethodError: The method is not one of `METHODS`.
        UrlTooLongError: Path and query are too long.
        HeadersTooLargeError: There are too many header fields, or they are too large.
        BodyTooLargeError: The announced body is too large.
        BadPathError: The path could mean two things.
        WebSocketError: The request asks for one.
    """
    if scope["method"] not in METHODS:
        raise UnknownMethodError
    if len(scope["raw_path"]) + len(scope["query_string"]) > settings.max_url_octets:
        raise UrlTooLongError
    headers = scope["headers"]
    size = sum(len(name) + len(value) + _FIELD_OVERHEAD for name, value in headers)
    if size > settings.max_header_octets or len(headers) > settings.max_headers:
        raise HeadersTooLargeError
    for length in values_of(headers, b"content-length"):
        if length.isdigit() and int(length) > settings.max_body_octets:
            raise BodyTooLargeError
    if any(b"websocket" in value.lower() for value in values_of(headers, b"upgrade")):
        raise WebSocketError
    _check_path(scope["path"], scope["raw_path"])


def _check_path(path: str, raw_path: bytes) -> None:
    """Refuse paths that a server behind might normalise into another one, `/v1/addresses/../../internal/…`."""
    segments = path.split("/")
    if _ENCODED_SEPARATOR.search(raw_path) or not _PLAIN_PATH.fullmatch(path) or "." in segments or ".." in segments:
        raise BadPathError
    if "//" in path:
        raise BadPathError

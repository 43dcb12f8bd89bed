"""A page elsewhere must not act with a cookie of ours: the browser tells where a request comes from, and a token.

SameSite=Strict keeps the cookie away from other sites; this is the second wall, and the first against other hosts of
the same site.
"""

import secrets
from http import HTTPStatus

from postroom_gateway.proxy.headers import Headers, values_of
from postroom_shared.errors import ProblemError

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN_HEADER = b"x-csrf-token"


class ForeignOriginError(ProblemError):
    """The browser says that a page elsewhere made this request."""

    slug = "gateway/foreign-origin"
    title = "This request comes from another site"
    status = HTTPStatus.FORBIDDEN


class CsrfTokenError(ProblemError):
    """An unsafe request with a session cookie has no `X-CSRF-Token`, or another session's."""

    slug = "gateway/csrf-token"
    title = "The CSRF token is missing or not this session's"
    status = HTTPStatus.FORBIDDEN


def refuse_foreign_origin(headers: Headers, *, own_origin: str) -> None:
    """Refuse a request that a page of another origin made.

    Args:
        headers: Of the request.
        own_origin: Scheme and host of the suite, `https://mail.example.com`; the host that was asked for counts too.

    Raises:
        ForeignOriginError: `Sec-Fetch-Site` or `Origin` names another place.
    """
    sites = values_of(headers, b"sec-fetch-site")
    if any(site not in {b"same-origin", b"none"} for site in sites):
        raise ForeignOriginError
    hosts = {host.decode("latin-1").lower() for host in values_of(headers, b"host")}
    own = {own_origin.lower(), *(f"{own_origin.partition('://')[0]}://{host}" for host in hosts)}
    if any(origin.decode("latin-1").lower() not in own for origin in values_of(headers, b"origin")):
        raise ForeignOriginError


def refuse_missing_token(headers: Headers, *, expected: str) -> None:
    """Refuse a request without the session's CSRF token.

    Raises:
        CsrfTokenError: It is not exactly one value, and that one.
    """
    given = values_of(headers, TOKEN_HEADER)
    if len(given) != 1 or not secrets.compare_digest(given[0], expected.encode()):
        raise CsrfTokenError

"""What every answer says to browsers, whoever made it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from postroom_gateway.proxy.headers import Headers, values_of

API_POLICY = b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""For answers that bring no policy of their own: data, never a page."""
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-embedder-policy", b"require-corp"),
)
_TLS_ONLY = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")
_OURS = frozenset({name for name, _ in (*_ALWAYS, _TLS_ONLY)} | {b"x-frame-options"})
_CORS_REQUEST_HEADERS = b"Authorization, Content-Type, Idempotency-Key, If-Match, Last-Event-ID, Postroom-Organisation"
_CORS_ANSWER_HEADERS = (
    b"ETag, Location, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, X-Request-Id"
)
_CORS_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE"


@dataclass(slots=True, kw_only=True)
class AnswerHeaders:
    """Collects what is known of a request until its answer begins."""

    secure: bool
    cors_origins: frozenset[bytes] = frozenset()
    rate_limit: list[tuple[bytes, bytes]] = field(default_factory=list)
    origin: bytes | None = None
    """Of the page that asks, when it is on the allow-list."""
    private: bool = False
    """Whether the answer is about whoever asks, and no cache may keep it."""

    def note_origin(self, headers: Headers) -> None:
        """Remember the page's origin, if it may read answers. A cookie is never accepted from there."""
        origins = values_of(headers, b"origin")
        if len(origins) == 1 and origins[0] in self.cors_origins and not values_of(headers, b"cookie"):
            self.origin = origins[0]

    def complete(self, headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """Return the header fields of an answer with ours."""
        given = [(name, value) for name, value in headers if name.lower() not in _OURS]
        present = {name.lower() for name, _ in given}
        added = [*_ALWAYS, *self.rate_limit, *self._cors()]
        if self.secure:
            added.append(_TLS_ONLY)
        if b"content-security-policy" not in present:
            added.append((b"content-security-policy", API_POLICY))
        if self.private and b"cache-control" not in present:
            added.append((b"cache-control", b"no-store"))
        return given + added

    def preflight(self) -> list[tuple[bytes, bytes]]:
        """Return the answer to a preflight (Fetch §3.2.2), without CORS fields when the origin is not on the list."""
        if self.origin is None:
            return [(b"vary", b"Origin")]
        return [
            (b"access-control-allow-methods", _CORS_METHODS),
            (b"access-control-allow-headers", _CORS_REQUEST_HEADERS),
            (b"access-control-max-age", b"600"),
        ]

    def _cors(self) -> list[tuple[bytes, bytes]]:
        if self.origin is None:
            return []
        return [
            (b"access-control-allow-origin", self.origin),
            (b"access-control-expose-headers", _CORS_ANSWER_HEADERS),
            (b"vary", b"Origin"),
        ]

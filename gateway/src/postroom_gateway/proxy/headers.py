"""Which header fields cross the gateway, and which it sets. Pure functions over ASGI header lists."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]
"""As ASGI gives them: names in lower case."""

# RFC 9110 §7.6.1, with two that old clients and proxies still send.
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"http2-settings",
    }
)
_CLAIMS = frozenset(
    {
        b"authorization",
        b"cookie",
        b"x-csrf-token",
        b"forwarded",
        b"x-real-ip",
        b"x-client-ip",
        b"true-client-ip",
        b"x-request-id",
        b"traceparent",
        b"tracestate",
        b"baggage",
        b"x-original-url",
        b"x-rewrite-url",
        b"x-http-method-override",
        b"x-remote-user",
        b"remote-user",
    }
)
"""What a client says of itself, of its way here, or of another request than this one: nobody behind us sees it."""
_CLAIM_PREFIXES = (b"x-forwarded-", b"x-postroom-", b"postroom-")
_OURS = frozenset({b"server", b"date", b"x-request-id", b"traceparent"})
"""What the gateway says itself in every answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded:
    """What the gateway vouches for towards a service.

    Attributes:
        token: The internal token of the caller; None for an anonymous request.
        client: The client's address.
        host: The `Host` the client asked for.
        scheme: `http` or `https`, as the client sees it.
    """

    token: str | None
    client: str
    host: str
    scheme: str
    request_id: str
    traceparent: str

    def fields(self) -> list[tuple[str, str]]:
        """Return the header fields that say so."""
        fields = [
            ("X-Forwarded-For", self.client),
            ("X-Forwarded-Host", self.host),
            ("X-Forwarded-Proto", self.scheme),
            ("X-Request-Id", self.request_id),
            ("Traceparent", self.traceparent),
        ]
        return [("Authorization", f"Bearer {self.token}"), *fields] if self.token else fields


def values_of(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    """Return every value of the field *name*, in order."""
    return [value for key, value in headers if key == name]


def named_by_connection(headers: Headers) -> frozenset[bytes]:
    """Return the fields that `Connection` makes hop-by-hop (RFC 9110 §7.6.1)."""
    options = b",".join(values_of(headers, b"connection"))
    return frozenset(word.strip().lower() for word in options.split(b",") if word.strip())


def has_body(headers: Headers) -> bool:
    """Return whether the request announces a body (RFC 9112 §6.3)."""
    return any(name == b"transfer-encoding" or (name == b"content-length" and value != b"0") for name, value in headers)


def request_headers(headers: Headers, forwarded: Forwarded) -> list[tuple[str, str]]:
    """Return what a service is sent: the client's end-to-end fields without its claims, then our own."""
    dropped = HOP_BY_HOP | _CLAIMS | named_by_connection(headers) | {b"host", b"expect"}
    kept = [
        (name.decode("latin-1"), _text(value))
        for name, value in headers
        if name not in dropped and not name.startswith(_CLAIM_PREFIXES)
    ]
    return kept + forwarded.fields()


def response_headers(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Return what a client is sent of a service's fields: the end-to-end ones; each `Set-Cookie` stays its own."""
    lowered = [(name.lower(), value) for name, value in headers]
    dropped = HOP_BY_HOP | _OURS | named_by_connection(lowered)
    return [(name, value) for name, value in lowered if name not in dropped and not name.startswith(b"access-control-")]


def _text(value: bytes) -> str:
    # aiohttp sends header fields as UTF-8; octets that are not UTF-8 are ISO 8859-1 (RFC 9110 §5.5).
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")

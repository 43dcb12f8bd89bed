"""What a request presents: a session cookie or a bearer token. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from postroom_gateway.proxy.headers import Headers, values_of

MAX_SECRET_LENGTH = 256


class CredentialKind(StrEnum):
    """How a caller proves who they are."""

    SESSION = "session"
    API_TOKEN = "api_token"  # noqa: S105 - a kind, no token


@dataclass(frozen=True, slots=True)
class Presented:
    """A secret as it was presented; it may be wrong."""

    kind: CredentialKind
    secret: str


def presented_credentials(headers: Headers, *, cookie_name: str) -> Presented | None:
    """Return what the request presents; a bearer token stands before a cookie."""
    for value in values_of(headers, b"authorization"):
        scheme, _, secret = value.decode("latin-1").partition(" ")
        if scheme.lower() == "bearer":
            return Presented(CredentialKind.API_TOKEN, secret.strip()[:MAX_SECRET_LENGTH])
    for name, secret in _cookies(headers):
        if name == cookie_name and 0 < len(secret) <= MAX_SECRET_LENGTH:
            return Presented(CredentialKind.SESSION, secret)
    return None


def _cookies(headers: Headers) -> Iterator[tuple[str, str]]:
    for line in values_of(headers, b"cookie"):
        for pair in line.decode("latin-1").split(";"):
            name, _, value = pair.strip().partition("=")
            yield name, value.strip('"')

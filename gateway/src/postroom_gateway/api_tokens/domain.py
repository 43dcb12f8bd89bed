"""The form of API tokens: `postroom_`, 256 random bits, and a checksum. Pure.

The prefix lets scanners of source code find a leaked token; the checksum tells a mistyped one without a database.
"""

import secrets
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from postroom_shared.principal import ALL_SCOPES, Scope

PREFIX = "postroom_"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET_LENGTH = 43
_CHECKSUM_LENGTH = 6
TOKEN_LENGTH = len(PREFIX) + _SECRET_LENGTH + _CHECKSUM_LENGTH


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """One token as its owner sees it later: without the secret.

    Attributes:
        organisation_id: The only organisation it acts in.
        last_characters: Of the token, so that its owner can tell which it is.
        last_used_on: The day in UTC; None before the first use.
    """

    id: UUID
    person_id: UUID
    organisation_id: UUID
    name: str
    last_characters: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_on: date | None
    revoked_at: datetime | None

    def opens(self, now: datetime) -> bool:
        """Return whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def new_token() -> str:
    """Return a fresh token; it is shown once."""
    secret = _base62(secrets.randbits(256), _SECRET_LENGTH)
    return PREFIX + secret + _checksum(secret)


def looks_like_token(text: str) -> bool:
    """Return whether *text* has the form and the checksum of a token."""
    if len(text) != TOKEN_LENGTH or not text.startswith(PREFIX) or not text.isascii():
        return False
    secret, checksum = text[len(PREFIX) : -_CHECKSUM_LENGTH], text[-_CHECKSUM_LENGTH:]
    return secrets.compare_digest(checksum, _checksum(secret))


def uncovered_scopes(wanted: Iterable[Scope], held: frozenset[str]) -> list[Scope]:
    """Return the scopes a new token may not have, because the request that makes it has them not."""
    return [] if ALL_SCOPES in held else sorted(scope for scope in set(wanted) if scope not in held)


def _checksum(secret: str) -> str:
    return _base62(zlib.crc32(secret.encode()), _CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))

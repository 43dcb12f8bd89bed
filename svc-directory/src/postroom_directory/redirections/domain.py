"""The rules of redirections; pure.

A redirection does nothing before whoever reads the target's mail has agreed: they get a link with a one-time token.
"""

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from postroom_directory.redirections.errors import (
    AlreadyConfirmedError,
    RedirectionLoopError,
    TokenInvalidError,
    TooManyRedirectionsError,
)
from postroom_shared.values import Address

MOST_REDIRECTIONS = 20
TOKEN_LIFETIME = timedelta(days=7)
TOKEN_OCTETS = 32


class RedirectionState(StrEnum):
    """Whether mail is redirected, or consent is waited for."""

    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Redirection:
    """Mail of an address that also goes to `target`, or only there when `keep_copy` is false.

    Attributes:
        token_hash: Of the token that confirms it; none before one was asked for, and none once it was used.
    """

    id: UUID
    organisation_id: UUID
    address_id: UUID
    target: Address
    keep_copy: bool
    token_hash: bytes | None
    token_expires_at: datetime | None
    confirmed_at: datetime | None
    version: int
    created_at: datetime

    @property
    def state(self) -> RedirectionState:
        """Whether it is carried out."""
        return RedirectionState.UNCONFIRMED if self.confirmed_at is None else RedirectionState.CONFIRMED

    def with_token(self, token: str, *, now: datetime) -> "Redirection":
        """Return it waiting for *token*; any token before is no longer good.

        Raises:
            AlreadyConfirmedError: Nothing is waited for.
        """
        if self.confirmed_at is not None:
            raise AlreadyConfirmedError
        return replace(self, token_hash=hash_token(token), token_expires_at=now + TOKEN_LIFETIME)

    def confirmed(self, *, now: datetime) -> "Redirection":
        """Return its next version, carried out; the token is used up.

        Raises:
            TokenInvalidError: The token has run out.
        """
        if self.token_expires_at is None or self.token_expires_at <= now:
            raise TokenInvalidError
        return replace(self, token_hash=None, token_expires_at=None, confirmed_at=now, version=self.version + 1)


def new_token() -> str:
    """Return a token nobody can guess: 256 bits in URL-safe text."""
    return secrets.token_urlsafe(TOKEN_OCTETS)


def hash_token(token: str) -> bytes:
    """Return what is stored of a token; it has 256 bits, so that a plain hash is enough."""
    return hashlib.sha256(token.encode()).digest()


def require_room(present: int) -> None:
    """Refuse one redirection more than an address may have."""
    if present >= MOST_REDIRECTIONS:
        raise TooManyRedirectionsError(f"An address has at most {MOST_REDIRECTIONS} redirections.")


def require_elsewhere(target: Address, *, own_names: frozenset[Address]) -> None:
    """Refuse a redirection to the address itself, by any of its names."""
    if target in own_names:
        raise RedirectionLoopError

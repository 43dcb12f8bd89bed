"""The rules of aliases; pure."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from postroom_directory.aliases.errors import TooManyAliasesError
from postroom_shared.values import Address

MOST_ALIASES = 200
"""Of one address; a responder lists all of them (RFC 5230 §4.6)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Alias:
    """A further name of an address."""

    id: UUID
    organisation_id: UUID
    address_id: UUID
    domain_id: UUID
    alias: Address
    version: int
    created_at: datetime


def require_room(present: int) -> None:
    """Refuse one alias more than an address may have.

    Raises:
        TooManyAliasesError: It has `MOST_ALIASES`.
    """
    if present >= MOST_ALIASES:
        raise TooManyAliasesError(f"An address has at most {MOST_ALIASES} aliases.")

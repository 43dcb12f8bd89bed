"""The rules of application passwords; pure.

What the user types is `<lookup id><secret>`. The lookup id finds the one row to compare with, so that a mail server
needs one hash a login however many there are. The secret has 128 bits, so that a fast hash is enough.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from postroom_directory.application_passwords.errors import AlreadyExpiredError, TooManyApplicationPasswordsError

LOOKUP_LENGTH = 6
"""Characters of the lookup id; deploy/dovecot's query takes as many: `substr('%w', 1, 6)`."""

SECRET_OCTETS = 16
SALT_OCTETS = 16
MOST_APPLICATION_PASSWORDS = 50
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


class Protocol(StrEnum):
    """What an application password opens; the values are the service names of Dovecot (`%s`) and Postfix's `smtp`."""

    IMAP = "imap"
    POP3 = "pop3"
    SMTP = "smtp"
    SIEVE = "sieve"


@dataclass(frozen=True, kw_only=True, slots=True)
class ApplicationPassword:
    """One application password of an address; the secret itself is kept nowhere."""

    id: UUID
    organisation_id: UUID
    address_id: UUID
    lookup_id: str
    name: str
    protocols: frozenset[Protocol]
    secret_hash: str
    expires_at: datetime | None
    version: int
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Secret:
    """A new secret: shown once, then only its hash is left."""

    lookup_id: str
    text: str

    @classmethod
    def new(cls) -> "Secret":
        """Return a fresh one."""
        lookup_id = "".join(secrets.choice(_ALPHABET) for _ in range(LOOKUP_LENGTH))
        return cls(lookup_id=lookup_id, text=lookup_id + _readable(secrets.token_bytes(SECRET_OCTETS)))

    def hashed(self) -> str:
        """Return the whole text as Dovecot's `{SSHA256}`: base64 of digest and salt (doc.dovecot.org, 2.3)."""
        salt = secrets.token_bytes(SALT_OCTETS)
        digest = hashlib.sha256(self.text.encode() + salt).digest()
        return "{SSHA256}" + base64.b64encode(digest + salt).decode()


def _readable(octets: bytes) -> str:
    return base64.b32encode(octets).decode().rstrip("=").lower()


def require_room(present: int) -> None:
    """Refuse one more than an address may have."""
    if present >= MOST_APPLICATION_PASSWORDS:
        raise TooManyApplicationPasswordsError(f"An address has at most {MOST_APPLICATION_PASSWORDS}.")


def require_future(expires_at: datetime | None, *, now: datetime) -> None:
    """Refuse an expiry that is over."""
    if expires_at is not None and expires_at <= now:
        raise AlreadyExpiredError

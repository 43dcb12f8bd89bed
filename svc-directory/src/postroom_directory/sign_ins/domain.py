"""How wrong passwords slow further attempts down; pure.

An attempt counts as a failure until the password proves right, so that many at the same time gain nothing.
The account's delay stays short: whoever guesses must not be able to lock its owner out. Source: docs/promises.md#roles
"""

import hashlib
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

FORGOTTEN_AFTER = timedelta(hours=1)
"""A failure so long ago counts no more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What failures are counted for.

    Attributes:
        key: Hash of its name; the names themselves are not stored.
        free_failures: Failures without consequence.
        longest: The delay grows up to this.
    """

    key: bytes
    free_failures: int
    longest: timedelta


def _key(kind: str, name: str) -> bytes:
    return hashlib.sha256(f"{kind}\n{name}".encode()).digest()


def account(email: str) -> Subject:
    """Return the account as a subject, whether it exists or not."""
    return Subject(key=_key("account", email.strip().lower()), free_failures=5, longest=timedelta(minutes=1))


def place(client_address: str) -> Subject:
    """Return where the attempt comes from; all of an IPv6 /64 is one place, since one machine has it all."""
    address = ipaddress.ip_address(client_address)
    if address.version == 6:
        address = ipaddress.ip_network((address, 64), strict=False).network_address
    return Subject(key=_key("place", str(address)), free_failures=20, longest=timedelta(minutes=15))


def delay(subject: Subject, failures: int) -> timedelta:
    """Return for how long *subject* is refused after so many failures: 1 s, 2 s, 4 s… up to its longest."""
    beyond = failures - subject.free_failures
    return min(timedelta(seconds=2 ** min(beyond - 1, 20)), subject.longest) if beyond > 0 else timedelta(0)


def wait_left(refused_until: Iterable[datetime], *, now: datetime) -> int:
    """Return for how many whole seconds an attempt is still refused, 0 when it may go on."""
    longest = max(((until - now).total_seconds() for until in refused_until), default=0.0)
    return max(0, int(longest) + 1) if longest > 0 else 0

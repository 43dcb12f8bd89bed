"""A delivery as each address of ours saw it: an internal mail is sent by one and received by another."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from postroom_logs.correlation.deliveries import Delivery
from postroom_logs.lines.moments import moment_of
from postroom_logs.reasons.explaining import explain
from postroom_logs.reasons.reason import Reason


class Direction(StrEnum):
    """Which side of a message an address was on."""

    SENT = "sent"
    RECEIVED = "received"


class Owner(NamedTuple):
    """An address of ours, and whose it is."""

    address: str
    organisation_id: UUID


class View(NamedTuple):
    """A delivery as one address saw it."""

    id: UUID
    at: datetime
    owner: Owner
    direction: Direction
    counterparty: str
    message: UUID
    parent: UUID | None
    reason: Reason
    delivery: Delivery


def named_addresses(delivery: Delivery) -> Iterator[tuple[str, Direction]]:
    """Yield every address that may be ours, and on which side it was.

    A sender counts only for what was submitted here: anybody outside may write any sender.
    """
    if delivery.submitted:
        if delivery.sender:
            yield delivery.sender.lower(), Direction.SENT
        if delivery.login and "@" in delivery.login:
            yield delivery.login.lower(), Direction.SENT
    if delivery.recipient:
        yield delivery.recipient.lower(), Direction.RECEIVED
    if delivery.original_recipient:
        yield delivery.original_recipient.lower(), Direction.RECEIVED


def views_of(delivery: Delivery, owners: Mapping[str, Owner]) -> list[View]:
    """Return the delivery as each of *owners* saw it: one view for each address and direction.

    Args:
        delivery: What the correlator says.
        owners: By the names that `named_addresses` gives: an alias leads to its address.
    """
    seen: dict[tuple[Owner, Direction], View] = {}
    for name, direction in named_addresses(delivery):
        owner = owners.get(name)
        if owner is not None and (owner, direction) not in seen:
            seen[owner, direction] = _view(delivery, owner, direction)
    return list(seen.values())


def _view(delivery: Delivery, owner: Owner, direction: Direction) -> View:
    other = delivery.recipient if direction is Direction.SENT else delivery.sender or ""
    message_key = delivery.key[: len(delivery.key) - len(delivery.recipient) - 1]
    return View(
        id=_identity(delivery.at_us, f"{delivery.key}\0{owner.address}\0{direction}"),
        at=moment_of(delivery.at_us),
        owner=owner,
        direction=direction,
        counterparty=other.lower(),
        message=_identity(0, message_key),
        parent=_identity(0, delivery.parent) if delivery.parent else None,
        reason=explain(delivery),
        delivery=delivery,
    )


def _identity(at_us: int, name: str) -> UUID:
    """Return a UUID of version 7's shape that is always the same for a name: reading again makes no second row."""
    digest = int.from_bytes(hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=10).digest(), "big")
    value = (at_us // 1000 & (2**48 - 1)) << 80 | digest
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)

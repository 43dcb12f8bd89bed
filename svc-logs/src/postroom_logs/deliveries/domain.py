"""The rules of looking into logs: how far back, and what a filter means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from postroom_logs.correlation.deliveries import DeliveryStatus
from postroom_logs.deliveries.errors import EmptyPeriodError, TooFarBackError
from postroom_logs.ingestion.views import Direction
from postroom_logs.reasons.reason import Reason
from postroom_shared.values import Address

FREE: Final = timedelta(days=20)
"""How far everybody may look back, to the second."""


class CounterpartyKind(StrEnum):
    """How the other side of a message is compared."""

    EXACT = "exact"
    DOMAIN = "domain"
    PREFIX = "prefix"


@dataclass(frozen=True, kw_only=True, slots=True)
class Counterparty:
    """The other side of a message, as a filter."""

    kind: CounterpartyKind
    text: str

    @classmethod
    def read(cls, text: str) -> "Counterparty":
        """Read `ann@example.org`, `@example.org` (the domain) or `ann*` (the beginning)."""
        lower = text.lower()
        if lower.endswith("*"):
            return cls(kind=CounterpartyKind.PREFIX, text=lower[:-1])
        if lower.startswith("@"):
            return cls(kind=CounterpartyKind.DOMAIN, text=lower)
        return cls(kind=CounterpartyKind.EXACT, text=lower)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadableAddress:
    """An address whose log somebody may read, and how far back."""

    id: UUID
    organisation_id: UUID
    address: Address
    retention: timedelta
    retention_since: datetime

    def earliest(self, now: datetime) -> datetime:
        """Return the first moment that may be asked for at *now*.

        A longer plan holds what was not dropped before it began: the free days before, everything after.

        Source: docs/promises.md#logs-20-days
        """
        if self.retention <= FREE:
            return now - FREE
        return max(now - self.retention, min(self.retention_since, now) - FREE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Filters:
    """What is looked for; None does not filter. `since` is part of the period, `until` is not."""

    address: Address
    direction: Direction
    since: datetime
    until: datetime
    statuses: tuple[DeliveryStatus, ...] = ()
    counterparty: Counterparty | None = None
    message_id: str | None = None
    queue_id: str | None = None


def period(
    readable: ReadableAddress, *, since: datetime | None, until: datetime | None, now: datetime
) -> tuple[datetime, datetime]:
    """Return the period to search: all that may be seen unless told otherwise.

    Raises:
        TooFarBackError: It begins before the first moment that may be asked for.
        EmptyPeriodError: It ends before it begins.

    Source: docs/promises.md#logs-20-days
    """
    earliest = readable.earliest(now)
    begin, end = since or earliest, until or now + timedelta(days=1)
    if begin < earliest:
        raise TooFarBackError(extra={"earliest": earliest.isoformat()})
    if end <= begin:
        raise EmptyPeriodError
    return begin, end


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One row of a search."""

    id: UUID
    at: datetime
    organisation_id: UUID
    address: str
    direction: Direction
    status: DeliveryStatus
    counterparty: str
    first_at: datetime
    last_at: datetime
    message: UUID
    parent: UUID | None
    host: str
    queue_id: str
    queue_ids: Sequence[str]
    sender: str | None
    recipient: str
    original_recipient: str | None
    message_id: str | None
    size_bytes: int | None
    dsn: str
    relay: str
    answer: str
    reason: Reason
    attempts: Sequence[Sequence[Any]]
    notes: Sequence[Sequence[Any]]
    login: str | None
    client_name: str | None
    client_address: str | None
    folder: str | None
    forwarded_to: Sequence[str]
    answered: bool
    spam_score: float | None
    spam_action: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """How many deliveries of a status fell into an hour or a day."""

    at: datetime
    status: DeliveryStatus
    deliveries: int


class Bucket(StrEnum):
    """The width of a count."""

    HOUR = "hour"
    DAY = "day"


class ExportFormat(StrEnum):
    """How an export is written."""

    CSV = "csv"
    NDJSON = "ndjson"


class StepKind(StrEnum):
    """What happened to a message at one moment."""

    ACCEPTED = "accepted"
    FILTERED = "filtered"
    ATTEMPTED = "attempted"
    STORED = "stored"
    FORWARDED = "forwarded"
    ANSWERED = "answered"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One line of a message's way, in the order of time."""

    at: datetime
    kind: StepKind
    details: Mapping[str, str]

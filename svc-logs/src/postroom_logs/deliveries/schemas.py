"""What travels over HTTP."""

from datetime import UTC, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from postroom_logs.correlation.deliveries import DeliveryStatus
from postroom_logs.deliveries.domain import Bucket, Count, Counterparty, Entry, ExportFormat, Filters, Step, StepKind
from postroom_logs.deliveries.timeline import timeline
from postroom_logs.ingestion.views import Direction
from postroom_logs.reasons.reason import ReasonKey
from postroom_logs.reasons.rendering import render
from postroom_shared.http.pages import DEFAULT_LIMIT, MAX_LIMIT
from postroom_shared.values import Address

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class SearchQuery(BaseModel):
    """What is looked for."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    address: Annotated[Address, Field(description="The address whose log is read.")]
    direction: Annotated[Direction, Field(description="What it sent, or what it received.")]
    since: Annotated[
        AwareDatetime | None,
        Field(alias="from", description="Not before this moment; as early as allowed if missing."),
    ] = None
    until: Annotated[AwareDatetime | None, Field(alias="to", description="Before this moment.")] = None
    status: Annotated[tuple[DeliveryStatus, ...], Field(description="Any of these.")] = ()
    counterparty: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=320,
            description="The other side: `ann@example.org`, `@example.org` (a domain) or `ann*` (a beginning).",
        ),
    ] = None
    message_id: Annotated[str | None, Field(max_length=998, description="Message-ID, without its brackets.")] = None
    queue_id: Annotated[str | None, Field(max_length=64, description="A queue id of any of our mail servers.")] = None

    def filters(self) -> Filters:
        """Return the filters; the period is decided by the service."""
        return Filters(
            address=self.address,
            direction=self.direction,
            since=_NEVER,
            until=_NEVER,
            statuses=self.status,
            counterparty=Counterparty.read(self.counterparty) if self.counterparty else None,
            message_id=self.message_id.strip("<>") if self.message_id else None,
            queue_id=self.queue_id,
        )


class PagedSearchQuery(SearchQuery):
    """A search, page by page."""

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Items on a page.")] = DEFAULT_LIMIT
    cursor: Annotated[str | None, Field(max_length=1024, description="The `next` of the page before.")] = None


class CountQuery(SearchQuery):
    """A search whose results are counted."""

    bucket: Annotated[Bucket, Field(description="Counted by hour or by day (UTC).")] = Bucket.DAY


class ExportQuery(SearchQuery):
    """A search whose results are written to a file."""

    form: Annotated[ExportFormat, Field(alias="format", description="How it is written.")] = ExportFormat.CSV


class ReasonRead(BaseModel):
    """Why an entry has its status."""

    key: ReasonKey = Field(description="Stable name; clients branch on it.")
    parameters: dict[str, str]
    text: str = Field(description="In the language that Accept-Language prefers.")


class EntryRead(BaseModel):
    """What became of one mail for one address."""

    id: UUID
    at: datetime = Field(description="When the mail was first seen.")
    last_at: datetime = Field(description="When the last thing happened to it.")
    address: str
    direction: Direction
    counterparty: str = Field(description="Who it was sent to or received from; empty for the null sender.")
    sender: str | None
    recipient: str
    original_recipient: str | None = Field(description="The alias that was written to, when it is another.")
    status: DeliveryStatus
    reason: ReasonRead
    answer: str = Field(description="The other server's own answer, word for word.")
    dsn: str = Field(description="RFC 3463 status code, empty when there is none.")
    relay: str
    attempts: int
    message_id: str | None
    queue_id: str
    size_bytes: int | None
    folder: str | None
    spam_score: float | None

    @classmethod
    def of(cls, entry: Entry, *, language: str) -> Self:
        """Return what is shown of *entry*."""
        return cls(**_shown(entry, language=language))


def _shown(entry: Entry, *, language: str) -> dict[str, object]:
    names = EntryRead.model_fields.keys() - {"reason", "attempts"}
    return {name: getattr(entry, name) for name in names} | {
        "attempts": len(entry.attempts),
        "reason": ReasonRead(
            key=entry.reason.key,
            parameters=dict(entry.reason.parameters),
            text=render(entry.reason, language=language),
        ),
    }


class StepRead(BaseModel):
    """One step of a mail's way."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    kind: StepKind
    details: dict[str, str]

    @classmethod
    def of(cls, step: Step) -> Self:
        """Return what is shown of *step*."""
        return cls(at=step.at, kind=step.kind, details=dict(step.details))


class EntryDetail(EntryRead):
    """An entry with the mail's whole way."""

    host: str
    queue_ids: list[str]
    client_name: str | None
    client_address: str | None
    login: str | None
    forwarded_to: list[str]
    answered: bool = Field(description="Whether the address's responder answered.")
    message: UUID = Field(description="The same for all recipients of one mail.")
    parent: UUID | None = Field(description="The `message` this one is about or was sent on from.")
    timeline: list[StepRead]

    @classmethod
    def in_full(cls, entry: Entry, *, language: str) -> Self:
        """Return all that is known of *entry*."""
        own = EntryDetail.model_fields.keys() - EntryRead.model_fields.keys() - {"timeline"}
        steps = [StepRead.of(step) for step in timeline(entry)]
        return cls(**_shown(entry, language=language), **{name: getattr(entry, name) for name in own}, timeline=steps)


class CountRead(BaseModel):
    """How many entries of a status fell into an hour or a day."""

    at: datetime = Field(description="When the hour or the day begins.")
    status: DeliveryStatus
    deliveries: int

    @classmethod
    def of(cls, count: Count) -> Self:
        """Return what is shown of *count*."""
        return cls(at=count.at, status=count.status, deliveries=count.deliveries)


class CountList(BaseModel):
    """Counts over time, oldest first."""

    items: list[CountRead]

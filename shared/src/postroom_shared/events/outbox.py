"""Publish an event in the transaction that makes it true.

The row commits or vanishes with what it tells. `postroom_shared.events.relay` brings it to NATS afterwards.
Rows stay for `KEPT` after they were published: the outbox, not JetStream, is the last copy.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from structlog.contextvars import get_contextvars

from postroom_shared.events import repository
from postroom_shared.events.cloudevents import Event, encode_data, encode_headers
from postroom_shared.events.errors import EventTooLargeError
from postroom_shared.events.payload import EventPayload
from postroom_shared.values import uuid7

KEPT = timedelta(days=30)
MAX_DATA_BYTES = 256 * 1024


async def publish(
    session: AsyncSession, payload: EventPayload, *, organisation_id: UUID | None, subject_id: UUID | str | None
) -> UUID:
    """Record that *payload* happened, in the caller's transaction; return the event's id.

    Args:
        session: Its transaction must see *organisation_id* (`bind_organisation`).
        payload: What happened.
        organisation_id: Whose event it is; None when it concerns no organisation.
        subject_id: The thing that `payload.about` speaks of.

    Raises:
        EventTooLargeError: The data has more than `MAX_DATA_BYTES`.
    """
    data = payload.model_dump(mode="json")
    event = Event(
        id=uuid7(),
        type=payload.event_type,
        source=f"/postroom/{payload.publisher()}",
        time=datetime.now(UTC),
        organisation_id=organisation_id,
        subject_id=None if subject_id is None else str(subject_id),
        traceparent=get_contextvars().get("traceparent"),
        data=data,
    )
    if len(encode_data(data)) > MAX_DATA_BYTES:
        raise EventTooLargeError(f"{event.type} has more than {MAX_DATA_BYTES} octets of data")
    row = {"event_id": event.id, "type": event.type, "subject": event.subject, "organisation_id": organisation_id}
    await repository.add_to_outbox(session, {**row, "headers": encode_headers(event), "data": data})
    return event.id


async def republish(
    session: AsyncSession, *, since: datetime, until: datetime, types: Collection[str] | None = None
) -> int:
    """Let the relay publish again what was committed in `[since, until)`, with the same event ids; return the number.

    For a stream that was lost, or once the cause of dead letters is mended: consumers that carried an event out ignore
    it, one that gave it up tries anew. The transaction needs the scope `*`.
    """
    return await repository.mark_unpublished(session, since=since, until=until, types=types, mark=str(uuid7()))


async def purge_outbox(session: AsyncSession, *, now: datetime, kept: timedelta = KEPT) -> int:
    """Delete a batch of events published longer ago than *kept*; return how many, 0 when none is left."""
    return await repository.delete_published(session, before=now - kept)


async def outbox_age_s(session: AsyncSession, *, now: datetime) -> float:
    """Return for how many seconds the oldest unpublished event has waited, 0 when none does."""
    oldest = await repository.oldest_unpublished(session)
    return 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds())

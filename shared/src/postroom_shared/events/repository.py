"""Every SQL statement of the outbox and the inbox."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, Text, delete, func, insert, select, text, update
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.sql.dml import Delete, Update

from postroom_shared.events.tables import InboxRow, OutboxRow

PURGE_BATCH_ROWS = 5000


@dataclass(frozen=True, slots=True)
class UnpublishedRow:
    """A committed event that waits for the relay; `data` is JSON text."""

    id: int
    event_id: UUID
    subject: str
    headers: dict[str, str]
    data: str
    created_at: datetime


async def add_to_outbox(session: AsyncSession, values: dict[str, Any]) -> None:
    """Store one event in the caller's transaction.

    Nothing is returned by the statement: a row that concerns no organisation is not visible to the caller's scope.
    """
    await session.execute(insert(OutboxRow).inline().values(**values))


async def unpublished(session: AsyncSession, *, limit: int) -> list[UnpublishedRow]:
    """Return the oldest committed events that NATS has not acknowledged, in their order."""
    statement = (
        select(
            OutboxRow.id,
            OutboxRow.event_id,
            OutboxRow.subject,
            OutboxRow.headers,
            sql_cast(OutboxRow.data, Text),
            OutboxRow.created_at,
        )
        .where(OutboxRow.published_at.is_(None))
        .order_by(OutboxRow.id)
        .limit(limit)
    )
    return [UnpublishedRow(*row) for row in await session.execute(statement)]


async def mark_published(session: AsyncSession, row_ids: Sequence[int]) -> None:
    """Record that NATS has acknowledged these rows."""
    await session.execute(
        update(OutboxRow).where(OutboxRow.id.in_(row_ids)).values(published_at=func.clock_timestamp())
    )


async def mark_unpublished(
    session: AsyncSession, *, since: datetime, until: datetime, types: Collection[str] | None, mark: str
) -> int:
    """Let the relay publish again what was committed in `[since, until)`; return the number of rows.

    Args:
        session: With the scope `*`.
        since: The first moment.
        until: The first moment no more.
        types: Only these; None for all.
        mark: Makes the message ids new, so that JetStream does not take the messages for repetitions.
    """
    statement = update(OutboxRow).where(
        OutboxRow.created_at >= since, OutboxRow.created_at < until, OutboxRow.published_at.is_not(None)
    )
    if types is not None:
        statement = statement.where(OutboxRow.type.in_(types))
    message_id = func.concat(OutboxRow.event_id, ":", mark)
    headers = OutboxRow.headers.concat(func.jsonb_build_object("Nats-Msg-Id", message_id))
    return await _changed(session, statement.values(published_at=None, headers=headers))


async def delete_published(session: AsyncSession, *, before: datetime) -> int:
    """Delete at most `PURGE_BATCH_ROWS` events that were published before; return how many."""
    old = select(OutboxRow.id).where(OutboxRow.published_at < before).limit(PURGE_BATCH_ROWS)
    return await _changed(session, delete(OutboxRow).where(OutboxRow.id.in_(old)))


async def oldest_unpublished(session: AsyncSession) -> datetime | None:
    """Return when the event that waits longest was committed."""
    statement = select(OutboxRow.created_at).where(OutboxRow.published_at.is_(None)).order_by(OutboxRow.id).limit(1)
    return await session.scalar(statement)


async def remember(session: AsyncSession, *, consumer: str, event_id: UUID) -> bool:
    """Put an event into the inbox; return False when *consumer* has had it before.

    A second delivery at the same moment waits here until the first one's transaction ends.
    """
    statement = upsert(InboxRow).values(consumer=consumer, event_id=event_id).on_conflict_do_nothing()
    return await _changed(session, statement) == 1


async def delete_received(session: AsyncSession, *, before: datetime) -> int:
    """Delete at most `PURGE_BATCH_ROWS` inbox rows of events received before; return how many."""
    old = select(InboxRow.consumer, InboxRow.event_id).where(InboxRow.received_at < before).limit(PURGE_BATCH_ROWS)
    pair = func.row(InboxRow.consumer, InboxRow.event_id)
    return await _changed(session, delete(InboxRow).where(pair.in_(old)))


async def try_to_lead(connection: AsyncConnection) -> bool:
    """Return whether this connection now holds the relay's lock of its schema; it keeps it until it closes."""
    lock = "select pg_try_advisory_lock(hashtext('postroom.relay'), hashtext(current_schema()))"
    async with connection.begin():
        return bool(await connection.scalar(text(lock)))


async def wake_channel(connection: AsyncConnection) -> str:
    """Return the name of the notifications that the outbox of this schema sends."""
    async with connection.begin():
        return str(await connection.scalar(text("select 'postroom_outbox_' || current_schema()")))


async def answers(session: AsyncSession) -> None:
    """Ask the database for nothing, to see whether it is there."""
    await session.execute(text("select 1"))


async def _changed(session: AsyncSession, statement: Update | Delete | Any) -> int:
    return cast("CursorResult[Any]", await session.execute(statement)).rowcount

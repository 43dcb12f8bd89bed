"""The memory of consumers: which events they have dealt with."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_shared.events import outbox, repository, streams

KEPT = max(streams.RETENTION, outbox.KEPT) + timedelta(days=10)
"""Longer than any copy of an event that could still be delivered."""


async def purge_inbox(session: AsyncSession, *, now: datetime, kept: timedelta = KEPT) -> int:
    """Delete a batch of rows that no delivery can ask for any more; return how many, 0 when none is left."""
    return await repository.delete_received(session, before=now - kept)

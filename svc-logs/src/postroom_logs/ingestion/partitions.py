"""Days are made ready ahead and dropped whole: deleting row by row takes a hundred times as long."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from postroom_logs.ingestion import repository
from postroom_shared.database import Sessions

AHEAD: Final = 7
"""Days that have a partition before their first row comes."""


async def make_days(sessions: Sessions, days: set[date]) -> None:
    """Make the partitions of *days*, each in a transaction of its own: it locks the table for a moment."""
    for day in sorted(days):
        async with sessions() as session, session.begin():
            await repository.make_partition(session, day)


async def prepare_days(sessions: Sessions, *, today: date) -> None:
    """Make today's partition and those of the `AHEAD` days that follow, as far as they are not there."""
    async with sessions() as session, session.begin():
        present = set(await repository.partitions(session))
    await make_days(sessions, {today + timedelta(days=ahead) for ahead in range(AHEAD + 1)} - present)


async def drop_days(engine: AsyncEngine, sessions: Sessions, *, before: date) -> list[date]:
    """Drop the partitions of days before *before*; return which. Readers and writers of other days are not held up."""
    async with sessions() as session, session.begin():
        old = [day for day in await repository.partitions(session) if day < before]
    for day in old:
        name = repository.partition_name(day)
        async with engine.connect() as connection:
            alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await alone.execute(text(f"alter table delivery detach partition {name} concurrently"))
            await alone.execute(text(f"drop table {name}"))
    return old


def oldest_kept(*, retention_days: int) -> date:
    """Return the oldest day that is kept."""
    return (datetime.now(UTC) - timedelta(days=retention_days)).date()

"""Looking into logs: who may, how far back, and that it was done."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_logs.deliveries.domain import Bucket, Count, Entry, Filters, ReadableAddress, period
from postroom_logs.deliveries.errors import EntryNotFoundError
from postroom_logs.deliveries.repository import Deliveries, readable_address
from postroom_logs.deliveries.schemas import SearchQuery
from postroom_shared.contracts.logs import LogsSearchPerformedV1
from postroom_shared.errors import ProblemError
from postroom_shared.events.outbox import publish
from postroom_shared.principal import PersonPrincipal
from postroom_shared.values import Address


async def search_logs(
    session: AsyncSession, caller: PersonPrincipal, query: SearchQuery, *, cursor: str | None, limit: int
) -> list[Entry]:
    """Return a page of what became of an address's mails, newest first.

    Raises:
        ProblemError: The address is not here or not the caller's to read, or the period reaches back too far.

    Source: docs/promises.md#logs-search
    """
    filters = await permitted(session, caller, query, kind="list")
    return await Deliveries(session, caller).page(filters, cursor=cursor, limit=limit)


async def count_logs(
    session: AsyncSession, caller: PersonPrincipal, query: SearchQuery, *, bucket: Bucket
) -> list[Count]:
    """Return counts over time of exactly what a search would find.

    Source: docs/promises.md#+logs-export-live
    """
    filters = await permitted(session, caller, query, kind="counts")
    return await Deliveries(session, caller).counts(filters, bucket=bucket)


async def permitted(
    session: AsyncSession,
    caller: PersonPrincipal,
    query: SearchQuery,
    *,
    kind: Literal["list", "counts", "export"],
) -> Filters:
    """Return the filters of a search that is allowed, and note that it was made.

    Raises:
        ProblemError: As `search_logs`.
    """
    readable = await readable_address(session, caller, query.address)
    since, until = period(readable, since=query.since, until=query.until, now=datetime.now(UTC))
    filters = replace(query.filters(), since=since, until=until)
    # Each page is noted: anybody can make a cursor and begin with a later page.
    await _note(session, caller, readable, filters, kind)
    return filters


async def _note(
    session: AsyncSession,
    caller: PersonPrincipal,
    readable: ReadableAddress,
    filters: Filters,
    kind: Literal["list", "counts", "export"],
) -> None:
    event = LogsSearchPerformedV1(
        address_id=readable.id,
        person_id=caller.person_id,
        direction=filters.direction.value,
        since=filters.since,
        until=filters.until,
        kind=kind,
    )
    await publish(session, event, organisation_id=readable.organisation_id, subject_id=readable.id)


async def read_entry(session: AsyncSession, caller: PersonPrincipal, entry_id: UUID) -> Entry:
    """Return one entry with all that is known of it.

    Raises:
        EntryNotFoundError: There is none, or the caller may not read its address's log, or not so far back.
    """
    entry = await Deliveries(session, caller).find(entry_id)
    if entry is None:
        raise EntryNotFoundError
    try:
        readable = await readable_address(session, caller, Address(entry.address))
    except ProblemError as error:
        raise EntryNotFoundError from error
    if entry.at < readable.earliest(datetime.now(UTC)):
        raise EntryNotFoundError
    return entry

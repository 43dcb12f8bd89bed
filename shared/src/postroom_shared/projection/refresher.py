"""Bring the local copy up to date: load snapshots, then fetch whatever events made stale.

Fetching and storing go on one after the other in one process of the service (a lock in PostgreSQL chooses it), so that
an old answer can never be stored after a newer one, nor after a deletion. No transaction is open during a call.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from postroom_shared.database import Sessions, bind_organisation
from postroom_shared.events.waiting import first_of, growing_delay_s
from postroom_shared.principal import SystemPrincipal
from postroom_shared.projection import repository
from postroom_shared.projection.client import DirectoryClient, read_state
from postroom_shared.projection.errors import DirectoryUnavailableError, UnreadableStateError
from postroom_shared.projection.repository import Stale
from postroom_shared.projection.states import AnyState, Kind

BATCH = 64
PARALLEL_CALLS = 8
IDLE_S = 5.0
POSTPONED = timedelta(minutes=1)

log = structlog.get_logger()


class Refresher:
    """The upkeep of one service's copy."""

    def __init__(
        self, *, engine: AsyncEngine, sessions: Sessions, client: Callable[[], DirectoryClient], stopping: asyncio.Event
    ) -> None:
        self._engine = engine
        self._sessions = sessions
        self._new_client = client
        self._stopping = stopping
        self._calls = asyncio.Semaphore(PARALLEL_CALLS)

    async def run(self) -> None:
        """Keep the copy up to date until the process stops."""
        async with self._engine.connect() as connection:
            await self._lead(connection)
            async with _woken_by(connection) as wake, self._new_client() as client:
                await self._work(connection, client, wake)

    async def _lead(self, connection: AsyncConnection) -> None:
        while not self._stopping.is_set() and not await repository.try_to_lead(connection):
            await first_of(self._stopping, timeout_s=IDLE_S)

    async def _work(self, connection: AsyncConnection, client: DirectoryClient, wake: asyncio.Event) -> None:
        failures = 0
        while not self._stopping.is_set():
            wake.clear()
            # Asking again finds out whether the connection, and with it the lock, is still there.
            await repository.try_to_lead(connection)
            try:
                await self.catch_up(client)
                failures = 0
                await first_of(self._stopping, wake, timeout_s=IDLE_S)
            except DirectoryUnavailableError as error:
                failures += 1
                log.warning("projection.directory_away", error=str(error), failures=failures)
                await first_of(self._stopping, timeout_s=growing_delay_s(failures, first_s=0.2, longest_s=IDLE_S))

    async def catch_up(self, client: DirectoryClient) -> None:
        """Load what was never loaded and fetch what is stale.

        Raises:
            DirectoryUnavailableError: svc-directory is away; what is missing stays noted.
        """
        async with self._transaction() as session:
            kinds = await repository.kinds_to_load(session)
        for kind in kinds:
            await self._load(client, kind)
        while await self._refresh_batch(client):
            pass

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncSession]:
        async with self._sessions() as session, session.begin():
            await bind_organisation(session, SystemPrincipal())
            yield session

    async def _load(self, client: DirectoryClient, kind: Kind) -> None:
        seen: set[UUID] = set()
        async for items in client.snapshot(kind):
            states = list(_readable(kind, items))
            seen.update(state.id for state in states)
            async with self._transaction() as session:
                await repository.store(session, kind, states)
        async with self._transaction() as session:
            # What the snapshot did not hold is looked at one by one: it is gone, or newer than the snapshot.
            for thing_id in await repository.ids_of(session, kind) - seen:
                await repository.note_stale(session, kind, thing_id, version=0)
            await repository.mark_loaded(session, kind)
        log.info("projection.loaded", kind=kind, things=len(seen))

    async def _refresh_batch(self, client: DirectoryClient) -> bool:
        async with self._transaction() as session:
            batch = await repository.stale_things(session, now=datetime.now(UTC), limit=BATCH)
        if batch:
            answers = await asyncio.gather(*(self._fetch(client, stale) for stale in batch))
            async with self._transaction() as session:
                for stale, answer in zip(batch, answers, strict=True):
                    await _apply(session, stale, answer)
        return len(batch) == BATCH

    async def _fetch(self, client: DirectoryClient, stale: Stale) -> AnyState | UnreadableStateError | None:
        async with self._calls:
            try:
                return await client.state(stale.kind, stale.id)
            except UnreadableStateError as error:
                log.error("projection.unreadable", kind=stale.kind, id=str(stale.id), error=str(error))  # noqa: TRY400
                return error


async def _apply(session: AsyncSession, stale: Stale, answer: AnyState | UnreadableStateError | None) -> None:
    if isinstance(answer, UnreadableStateError):
        await repository.postpone(session, stale, until=datetime.now(UTC) + POSTPONED)
        return
    if answer is None:
        await repository.drop(session, stale.kind, stale.id)
    else:
        await repository.store(session, stale.kind, [answer])
    await repository.settle(session, stale)


def _readable(kind: Kind, items: Iterable[dict[str, Any]]) -> Iterable[AnyState]:
    for item in items:
        try:
            yield read_state(kind, item)
        except UnreadableStateError as error:
            log.error("projection.unreadable", kind=kind, id=item.get("id"), error=str(error))  # noqa: TRY400


@asynccontextmanager
async def _woken_by(connection: AsyncConnection) -> AsyncIterator[asyncio.Event]:
    """Yield an event that each notification of a stale thing sets."""
    wake = asyncio.Event()
    channel = await repository.wake_channel(connection)
    driver = (await connection.get_raw_connection()).driver_connection
    if driver is None:
        raise RuntimeError("the connection has no driver connection")

    def set_wake(*_: object) -> None:
        wake.set()

    await driver.add_listener(channel, set_wake)
    try:
        yield wake
    finally:
        if not driver.is_closed():
            await driver.remove_listener(channel, set_wake)

"""Bring committed events from the outbox to JetStream, in order, at least once.

One relay per service leads, by an advisory lock that dies with its connection. It publishes a batch, waits for the
acknowledgements and then marks the rows up to the first that has none. A crash in between repeats messages with the
same `Nats-Msg-Id`: JetStream drops those within its duplicate window, consumers' inboxes the rest.
Within a batch that fails in part, later events can be stored before the one that failed (docs/adr/0011).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from time import monotonic

import structlog
from nats.errors import Error
from nats.js.api import PubAck
from nats.js.errors import NoStreamResponseError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from postroom_shared.database import bind_organisation
from postroom_shared.events import inbox, outbox, repository
from postroom_shared.events.errors import PublishError, PublishRefusedError, StreamMissingError
from postroom_shared.events.nats_connection import NatsConnection
from postroom_shared.events.repository import UnpublishedRow
from postroom_shared.events.streams import ensure_stream
from postroom_shared.events.waiting import first_of, growing_delay_s
from postroom_shared.manifest import ServiceManifest
from postroom_shared.principal import SystemPrincipal

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PURGE_EVERY_S = 3600.0


class Relay:
    """The relay of one process.

    Attributes:
        leading: Whether this process holds the lock of its service.
        published: Events acknowledged since the start.
        failures: Passes that ended with an error since the start.
        oldest_unpublished_s: Age of the oldest event that waits, as of the last pass while leading.
        last_error: What ended the last pass; None once a pass succeeds.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        nats: NatsConnection,
        manifest: ServiceManifest,
        *,
        replicas: int = 1,
        batch_size: int = 256,
        poll_s: float = 1.0,
        ack_timeout_s: float = 5.0,
    ) -> None:
        self._engine = engine
        self._nats = nats
        self._manifest = manifest
        self._replicas = replicas
        self._batch_size = batch_size
        self._poll_s = poll_s
        self._ack_timeout_s = ack_timeout_s
        self._woken = asyncio.Event()
        self._purge_at = monotonic() + poll_s
        self._failed_in_a_row = 0
        self._has_stream = False
        self.leading = False
        self.published = 0
        self.failures = 0
        self.oldest_unpublished_s = 0.0
        self.last_error: Exception | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Relay until *stop*; a database or a NATS server that goes away is waited for."""
        while not stop.is_set():
            try:
                async with self._own_connection() as connection:
                    await self._lead(connection, stop)
            except Exception as error:  # noqa: BLE001 - the relay's loop: whatever it was, the events still have to go
                await self._rest_after(error, stop)

    async def _lead(self, connection: AsyncConnection, stop: asyncio.Event) -> None:
        while not await repository.try_to_lead(connection):
            if await first_of(stop, timeout_s=self._poll_s):
                return
        await self._listen(connection)
        self.leading = True
        _log.info("relay.leading", service=self._manifest.name)
        while not stop.is_set():
            try:
                full = await self._relay_batch(connection)
                self._failed_in_a_row, self.last_error = 0, None
            except (PublishError, Error) as error:
                await self._rest_after(error, stop)
                continue
            if not full:
                await first_of(stop, self._woken, timeout_s=self._poll_s)
                self._woken.clear()

    async def _relay_batch(self, connection: AsyncConnection) -> bool:
        """Publish the next rows; return whether there may be more already."""
        async with AsyncSession(connection) as session:
            rows = await self._waiting_rows(session)
            await self._have_stream()
            if not rows:
                await self._purge(session)
                return False
            acknowledged, error = await self._publish(rows)
            if acknowledged:
                async with session.begin():
                    await bind_organisation(session, SystemPrincipal())
                    await repository.mark_published(session, [row.id for row in rows[:acknowledged]])
                self.published += acknowledged
        if error is not None:
            raise error
        return len(rows) == self._batch_size

    async def _waiting_rows(self, session: AsyncSession) -> list[UnpublishedRow]:
        async with session.begin():
            await bind_organisation(session, SystemPrincipal())
            rows = await repository.unpublished(session, limit=self._batch_size)
        self.oldest_unpublished_s = max(0.0, _age_s(rows[0])) if rows else 0.0
        return rows

    async def _have_stream(self) -> None:
        if not self._nats.is_connected:
            raise PublishError("NATS is not connected")
        if not self._has_stream:
            await ensure_stream(self._nats.jetstream, self._manifest, replicas=self._replicas)
            self._has_stream = True

    async def _publish(self, rows: Sequence[UnpublishedRow]) -> tuple[int, PublishError | None]:
        """Return how many rows from the first on were acknowledged, and what became of the next one."""
        jetstream = self._nats.jetstream
        futures = []
        for row in rows:
            headers = {**row.headers, "ce-sequence": str(row.id)}
            futures.append(await jetstream.publish_async(row.subject, row.data.encode(), headers=headers))
        await asyncio.wait(futures, timeout=self._ack_timeout_s)
        outcomes = [self._outcome(row, future) for row, future in zip(rows, futures, strict=True)]
        acknowledged = next((index for index, error in enumerate(outcomes) if error is not None), len(rows))
        error = outcomes[acknowledged] if acknowledged < len(rows) else None
        self._has_stream = not isinstance(error, StreamMissingError)
        return acknowledged, error

    def _outcome(self, row: UnpublishedRow, future: "asyncio.Future[PubAck]") -> PublishError | None:
        if not future.done():
            future.cancel()
            if self._nats.refusals.covers(row.subject):
                return PublishRefusedError(f"the NATS user of {self._manifest.name} may not publish on {row.subject}")
            return PublishError(f"no acknowledgement within {self._ack_timeout_s} s")
        error = future.exception()
        if isinstance(error, NoStreamResponseError):
            return StreamMissingError(f"no stream takes {row.subject}")
        return None if error is None else PublishError(f"{row.event_id}: {error}")

    async def _purge(self, session: AsyncSession) -> None:
        """While there is nothing to publish, forget old rows, one batch at a time."""
        if monotonic() < self._purge_at:
            return
        now = datetime.now(UTC)
        async with session.begin():
            await bind_organisation(session, SystemPrincipal())
            deleted = await outbox.purge_outbox(session, now=now) + await inbox.purge_inbox(session, now=now)
        if deleted == 0:
            self._purge_at = monotonic() + PURGE_EVERY_S

    async def _listen(self, connection: AsyncConnection) -> None:
        channel = await repository.wake_channel(connection)
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None  # noqa: S101 - the connection has just answered
        await raw.add_listener(channel, lambda *_: self._woken.set())

    @asynccontextmanager
    async def _own_connection(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection that nobody else uses: lock and listener end with it."""
        connection = await self._engine.connect()
        try:
            yield connection
        finally:
            self.leading = False
            await connection.invalidate()
            await connection.close()

    async def _rest_after(self, error: Exception, stop: asyncio.Event) -> None:
        self.last_error = error
        self.failures += 1
        self._failed_in_a_row += 1
        fields = {"service": self._manifest.name, "error": f"{type(error).__name__}: {error}"}
        if isinstance(error, PublishRefusedError):
            _log.error("relay.publish_refused", **fields)
        else:
            _log.warning("relay.failed", **fields)
        await first_of(stop, timeout_s=growing_delay_s(self._failed_in_a_row, first_s=0.1, longest_s=10.0))


def _age_s(row: UnpublishedRow) -> float:
    return (datetime.now(UTC) - row.created_at).total_seconds()

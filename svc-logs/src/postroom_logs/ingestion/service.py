"""Read a source, batch by batch: what the lines say, and how far they were read, become true together."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, tzinfo
from typing import Final

import structlog

from postroom_logs.collecting.files import FollowedFile, Piece
from postroom_logs.correlation.correlator import Correlator
from postroom_logs.correlation.deliveries import Delivery
from postroom_logs.correlation.states import dump_state, restore_state
from postroom_logs.ingestion import repository
from postroom_logs.ingestion.partitions import make_days
from postroom_logs.ingestion.rows import row_of
from postroom_logs.ingestion.views import named_addresses, views_of
from postroom_logs.lines.moments import moment_of
from postroom_logs.lines.reading import LineReader
from postroom_logs.lines.splitting import LineSplitter
from postroom_shared.database import Sessions, bind_organisation
from postroom_shared.principal import SystemPrincipal

_ITSELF: Final = SystemPrincipal()
_SWEEP_EVERY: Final = 100
"""Batches between two looks for messages whose end the log never told."""

log = structlog.get_logger()


class Ingestor:
    """Brings one log file into the database, exactly once: a crash at any moment repeats no line and loses none."""

    def __init__(self, sessions: Sessions, file: FollowedFile, *, name: str, zone: tzinfo, batch_octets: int) -> None:
        """Read *file* as the source *name*.

        Args:
            sessions: Of this service's schema.
            file: What is followed.
            name: Under which the place is kept; one process at a time may use it. Also the host of lines without one.
            zone: Of lines that name none.
            batch_octets: About how much is kept together.
        """
        self._sessions = sessions
        self._file = file
        self._name = name
        self._zone = zone
        self._batch_octets = batch_octets
        self._source: repository.Source | None = None
        self._correlator = Correlator()
        self._reader = LineReader(zone=zone, latest=datetime.now(UTC), host=name)
        self._days: set[date] = set()
        self._batches = 0

    async def open(self) -> None:
        """Begin where the source was left; also after a failure, when what is in memory is not what was kept."""
        async with self._sessions() as session, session.begin():
            source = await repository.open_source(session, self._name)
            self._days = set(await repository.partitions(session))
        self._correlator = restore_state(source.state) if source.state else Correlator()
        self._reader = LineReader(zone=self._zone, latest=datetime.now(UTC), host=self._name)
        self._source = source

    async def step(self) -> bool:
        """Bring the next batch in; return whether there was one.

        Raises:
            SourceTakenError: Another process reads this source. After this and any other failure: `open` again.
        """
        if self._source is None:
            await self.open()
        source, self._source = self._source, None
        assert source is not None  # noqa: S101 - `open` set it
        piece = await asyncio.to_thread(self._file.read, source.position, limit_octets=self._batch_octets)
        if piece is None:
            self._source = source
            return False
        if piece.warning:
            log.warning(piece.warning, source=self._name)
        self._source = await self._keep(source, piece, self._deliveries_in(piece))
        return True

    def _deliveries_in(self, piece: Piece) -> list[Delivery]:
        self._reader.move(datetime.now(UTC))
        self._reader.read_into(LineSplitter().split(piece.data), self._correlator.feed)
        self._batches += 1
        if self._batches % _SWEEP_EVERY == 0:
            self._correlator.forget_stale()
        return self._correlator.changes()

    async def _keep(self, source: repository.Source, piece: Piece, deliveries: Sequence[Delivery]) -> repository.Source:
        needed = {moment_of(delivery.at_us).date() for delivery in deliveries} - self._days
        await make_days(self._sessions, needed)
        self._days |= needed
        async with self._sessions() as session, session.begin():
            await bind_organisation(session, _ITSELF)
            moved = await repository.advance(
                session,
                source,
                position=piece.position,
                state=dump_state(self._correlator),
                lines=piece.data.count(b"\n"),
            )
            names = {name for delivery in deliveries for name, _ in named_addresses(delivery)}
            owners = await repository.owners_of(session, _ITSELF, names) if names else {}
            views = [view for delivery in deliveries for view in views_of(delivery, owners)]
            rewritten = {view.id for view in views if view.delivery.again}
            await repository.write_rows(session, [row_of(view) for view in views], again=rewritten)
            await repository.add_unknowns(session, self._reader.unknowns.take())
        return moved

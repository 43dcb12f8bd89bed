"""The lease of one copy, while a worker has it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_import.copies.domain import Wish
from postroom_import.copying.errors import CopyStoppedError
from postroom_import.working.repository import Leases
from postroom_shared.database import Sessions, bind_organisation
from postroom_shared.principal import SystemPrincipal

log = structlog.get_logger()

_SAFE_SHARE = 0.8
"""Part of the lease after which nothing is sent any more without a renewal: another worker may be about to begin."""


class Stop(StrEnum):
    """Why a copy is not carried on."""

    PAUSE = "pause"
    CANCEL = "cancel"
    SHUTDOWN = "shutdown"
    LEASE_LOST = "lease_lost"


_WISHED = {Wish.PAUSE: Stop.PAUSE, Wish.CANCEL: Stop.CANCEL}


class Lease:
    """Keeps one copy for this worker, and tells the copy when to stop.

    Args:
        holder: Names this worker and this run.
        duration_s: For how long each renewal lasts.
        heartbeat_s: Between renewals.
    """

    def __init__(
        self,
        sessions: Sessions,
        *,
        organisation_id: UUID,
        job_id: UUID,
        holder: str,
        duration_s: float,
        heartbeat_s: float,
    ) -> None:
        self.principal = SystemPrincipal(organisation_id=organisation_id)
        self.job_id = job_id
        self.holder = holder
        self.stopped = asyncio.Event()
        self.reason: Stop | None = None
        self._sessions = sessions
        self._duration = timedelta(seconds=duration_s)
        self._heartbeat_s = heartbeat_s
        self._clock = asyncio.get_running_loop().time
        self._renewed_at = self._clock()

    def stop(self, reason: Stop) -> None:
        """Have the copy stop as soon as it can; the first reason counts, but a lost lease always does."""
        if self.reason is None or reason is Stop.LEASE_LOST:
            self.reason = reason
        self.stopped.set()

    def check(self) -> None:
        """Raise `CopyStoppedError` when nothing more may be sent."""
        if self._clock() - self._renewed_at > self._duration.total_seconds() * _SAFE_SHARE:
            self.stop(Stop.LEASE_LOST)
        if self.stopped.is_set():
            raise CopyStoppedError(self.reason)

    async def guard(self, session: AsyncSession) -> None:
        """Raise `CopyStoppedError` when the copy is no longer this worker's; else it is until *session* commits."""
        self.check()
        if not await Leases(session, self.principal).holds(self.job_id, holder=self.holder):
            self.stop(Stop.LEASE_LOST)
            raise CopyStoppedError(self.reason)

    @asynccontextmanager
    async def beating(self) -> AsyncIterator[None]:
        """Renew the lease while the body runs."""
        task = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _beat(self) -> None:
        while not self.stopped.is_set() or self.reason is not Stop.LEASE_LOST:
            await asyncio.sleep(self._heartbeat_s)
            started = self._clock()
            try:
                await self._renew()
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                log.warning("import.lease_not_renewed", job_id=str(self.job_id), error=type(error).__name__)
                continue
            self._renewed_at = started

    async def _renew(self) -> None:
        async with self._sessions() as session, session.begin():
            await bind_organisation(session, self.principal)
            leases = Leases(session, self.principal)
            is_held, wish = await leases.renew(self.job_id, holder=self.holder, lease=self._duration)
        if not is_held:
            self.stop(Stop.LEASE_LOST)
        elif wish is not None:
            self.stop(_WISHED[wish])

"""The worker process: takes copies as long as it has hands free, and lets go of them when it is stopped.

A copy needs nobody who watches (docs/promises.md#import-background).
"""

import asyncio
import os
import socket
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from nats.errors import Error
from sqlalchemy.exc import SQLAlchemyError

from postroom_import.copies.domain import JobState
from postroom_import.copies.errors import CopyBrokenError, CopyNotFoundError
from postroom_import.copies.events import work_subject
from postroom_import.settings import ImportSettings
from postroom_import.working import service
from postroom_import.working.domain import End
from postroom_import.working.lease import Lease, Stop
from postroom_import.working.repository import Leases
from postroom_import.working.turn import Turn
from postroom_shared.database import bind_organisation
from postroom_shared.events.streams import WORKERS, ensure_work_queue, work_stream
from postroom_shared.events.waiting import first_of
from postroom_shared.principal import SystemPrincipal
from postroom_shared.service import Runtime
from postroom_shared.values import uuid7

_LOOK_AT = 200
_EXPIRE_AT_ONCE = 50
_PULL_S = 3.0
_WITHOUT_QUEUE_S = 2.0

log = structlog.get_logger()


class Worker:
    """Carries copies out. The job rows say what is to be done; the queue only says when to look."""

    def __init__(self, runtime: Runtime[ImportSettings]) -> None:
        self._runtime = runtime
        self._settings = runtime.settings
        self._wake = asyncio.Event()
        self._turns: dict[asyncio.Task[None], Lease] = {}
        self._name = f"{socket.gethostname()}:{os.getpid()}"

    async def run(self) -> None:
        """Take copies until the process stops; then give back what is in hand."""
        stopping = self._runtime.stopping
        try:
            while not stopping.is_set():
                self._wake.clear()
                await self._expire_passwords()
                await self._take_what_is_free()
                await first_of(stopping, self._wake, timeout_s=self._settings.sweep_s)
        finally:
            await self._let_go()

    async def _let_go(self) -> None:
        for lease in self._turns.values():
            lease.stop(Stop.SHUTDOWN)
        if self._turns:
            await asyncio.wait(list(self._turns))

    @property
    def _has_hands_free(self) -> bool:
        return len(self._turns) < self._settings.jobs_at_once

    async def _take_what_is_free(self) -> None:
        if not self._has_hands_free:
            return
        async with self._runtime.sessions() as session, session.begin():
            await bind_organisation(session, SystemPrincipal())
            found = await Leases(session, SystemPrincipal()).claimable(limit=_LOOK_AT)
        for organisation_id, job_id in found:
            if not self._has_hands_free or self._runtime.stopping.is_set():
                return
            if (lease := await self._claim(organisation_id, job_id)) is not None:
                task = asyncio.create_task(self._turn(lease), name=f"import {job_id}")
                self._turns[task] = lease
                task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._turns.pop(task, None)
        self._wake.set()

    async def _claim(self, organisation_id: UUID, job_id: UUID) -> Lease | None:
        settings = self._settings
        holder = f"{self._name}:{uuid7()}"
        lease = Lease(
            self._runtime.sessions,
            organisation_id=organisation_id,
            job_id=job_id,
            holder=holder,
            duration_s=settings.lease_s,
            heartbeat_s=settings.heartbeat_s,
        )
        async with self._runtime.sessions() as session, session.begin():
            await bind_organisation(session, lease.principal)
            is_ours = await Leases(session, lease.principal).claim(
                job_id,
                organisation_id=organisation_id,
                holder=holder,
                lease=timedelta(seconds=settings.lease_s),
                most_of_organisation=settings.jobs_per_organisation,
            )
        return lease if is_ours else None

    async def _turn(self, lease: Lease) -> None:
        turn = Turn(self._runtime, lease)
        with structlog.contextvars.bound_contextvars(job_id=str(lease.job_id)):
            try:
                await turn.take()
            except CopyNotFoundError:
                return
            except (SQLAlchemyError, OSError) as error:
                # The database is away: the lease runs out, and whoever looks next takes the copy up again.
                log.warning("import.turn_broke_off", error=type(error).__name__)
            except Exception as error:  # the worker loop: one copy must not end the others
                log.exception("import.turn_failed", exc_info=error)
                await self._give_up(turn)
        if lease.reason is Stop.SHUTDOWN:
            await self._pass_on(lease.job_id)

    async def _give_up(self, turn: Turn) -> None:
        try:
            await turn.fail(End(JobState.FAILED, CopyBrokenError))
        except (SQLAlchemyError, OSError) as error:
            log.warning("import.turn_broke_off", error=type(error).__name__)

    async def _pass_on(self, job_id: UUID) -> None:
        """Tell the other workers at once; without NATS they find out by themselves."""
        try:
            manifest = self._runtime.manifest
            await self._runtime.nats.jetstream.publish(work_subject(manifest), str(job_id).encode(), timeout=1)
        except (Error, OSError, TimeoutError):
            return

    async def _expire_passwords(self) -> None:
        since = datetime.now(UTC) - self._settings.password_lifetime
        async with self._runtime.sessions() as session, session.begin():
            await bind_organisation(session, SystemPrincipal())
            found = await Leases(session, SystemPrincipal()).standing_still(since=since, limit=_EXPIRE_AT_ONCE)
        for organisation_id, job_id in found:
            principal = SystemPrincipal(organisation_id=organisation_id)
            async with self._runtime.sessions() as session, session.begin():
                await bind_organisation(session, principal)
                await service.expire(session, principal, job_id, since=since)

    async def listen(self) -> None:
        """Wake up when the queue says that there is something to do, until the process stops."""
        runtime = self._runtime
        if not runtime.nats.is_connected:
            await first_of(runtime.stopping, timeout_s=_WITHOUT_QUEUE_S)
            return
        jetstream = runtime.nats.jetstream
        await ensure_work_queue(jetstream, runtime.manifest, replicas=self._settings.stream_replicas)
        queue = await jetstream.pull_subscribe_bind(WORKERS, stream=work_stream(runtime.manifest.name))
        try:
            while not runtime.stopping.is_set():
                if not self._has_hands_free:
                    await first_of(runtime.stopping, timeout_s=1)
                    continue
                try:
                    messages = await queue.fetch(1, timeout=_PULL_S)
                except TimeoutError:
                    continue
                self._wake.set()
                for message in messages:
                    await message.ack()
        finally:
            await queue.unsubscribe()

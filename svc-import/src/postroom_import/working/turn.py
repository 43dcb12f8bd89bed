"""One worker's turn at one copy: from taking it to giving it back."""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from postroom_import.copies.domain import JobState, Source
from postroom_import.copies.errors import PasswordExpiredError, TargetFullError, TargetGoneError
from postroom_import.copies.following import TOPIC
from postroom_import.copies.repository import CopyJobs
from postroom_import.copying import errors as copying
from postroom_import.copying.engine import CopyRun
from postroom_import.copying.errors import CopyStoppedError, Side, SideLostError, SideRefusedError
from postroom_import.copying.folder_copy import CopyLimits
from postroom_import.copying.journal import Journal
from postroom_import.copying.parties import Connect, Party
from postroom_import.imap.authentication import PasswordCredentials
from postroom_import.imap.client import ImapClient
from postroom_import.imap.errors import ImapConnectionError
from postroom_import.mail_access import MasterLoginUnavailableError
from postroom_import.resources import resources_of
from postroom_import.settings import ImportSettings
from postroom_import.working import service
from postroom_import.working.domain import End, Patience
from postroom_import.working.lease import Lease, Stop
from postroom_import.working.service import Assignment
from postroom_shared.database import bind_organisation
from postroom_shared.events.live import LiveThrottle, Payload, publish_live
from postroom_shared.events.waiting import first_of
from postroom_shared.service import Runtime

STOP_GRACE_S = 5.0
"""How long a copy that is to stop may finish the messages in hand."""

log = structlog.get_logger()

_STOPPED: dict[Stop, JobState] = {
    Stop.PAUSE: JobState.PAUSED,
    Stop.CANCEL: JobState.CANCELLED,
    Stop.SHUTDOWN: JobState.QUEUED,
}


class Turn:
    """A worker's turn at a copy.

    Args:
        lease: Held by this worker.
    """

    def __init__(self, runtime: Runtime[ImportSettings], lease: Lease) -> None:
        self._runtime = runtime
        self._settings = runtime.settings
        self._resources = resources_of(runtime)
        self._lease = lease
        self._patience = Patience(
            in_place=timedelta(seconds=self._settings.retry_in_place_s),
            later=timedelta(seconds=self._settings.retry_later_s),
            give_up_after=self._settings.give_up_after,
        )

    async def take(self) -> None:
        """Carry the copy on as far as it goes, and store how that ended."""
        clock = asyncio.get_running_loop().time
        started = clock()
        async with self._lease.beating(), LiveThrottle(self._tell) as live:
            async with self._runtime.sessions() as session, session.begin():
                await bind_organisation(session, self._lease.principal)
                assignment = await service.begin(
                    session, self._lease.principal, self._lease.job_id, vault=self._runtime.vault
                )
            self._patience.waiting_since = assignment.job.waiting_since
            end = await self._interruptible(assignment, live)
            if end is not None:
                await self._end(end, worked_s=clock() - started)
            live.offer({})

    async def fail(self, end: End) -> None:
        """Store that the turn came to an end that nobody foresaw."""
        await self._end(end, worked_s=0)

    async def _end(self, end: End, *, worked_s: float) -> None:
        principal, job_id = self._lease.principal, self._lease.job_id
        async with self._runtime.sessions() as session, session.begin():
            await bind_organisation(session, principal)
            job = await service.end_turn(session, principal, job_id, end, holder=self._lease.holder, worked_s=worked_s)
        if job is not None:
            progress = job.progress
            log.info(
                "import.turn_ended",
                job_id=str(job_id),
                state=job.state,
                problem=job.problem,
                copied=progress.copied,
                already_there=progress.already_there,
                failed=progress.failed,
            )

    async def _interruptible(self, assignment: Assignment, live: LiveThrottle) -> End | None:
        """Carry on until the end or until the lease says stop; None when the copy is no longer ours."""
        if assignment.job.wish is not None:
            self._lease.stop(Stop(assignment.job.wish))
            return self._stopped()
        task = asyncio.create_task(self._carried_on(assignment, live))
        stopped = asyncio.create_task(self._lease.stopped.wait())
        try:
            await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                await asyncio.wait({task}, timeout=STOP_GRACE_S)
            if not task.done():
                return self._stopped()
            return task.result()
        finally:
            stopped.cancel()
            task.cancel()
            await asyncio.wait({task, stopped})

    def _stopped(self) -> End | None:
        state = _STOPPED.get(self._lease.reason) if self._lease.reason else None
        return End(state) if state else None

    async def _carried_on(self, assignment: Assignment, live: LiveThrottle) -> End | None:
        if assignment.passwords is None:
            return End(JobState.FAILED, PasswordExpiredError)
        if assignment.target_place is None:
            return End(JobState.FAILED, TargetGoneError)
        while True:
            run = self._run(assignment, live)
            try:
                await run.run()
            except CopyStoppedError:
                return self._stopped()
            except copying.TargetFullError:
                return End(JobState.FAILED, TargetFullError)
            except (SideLostError, SideRefusedError) as error:
                end = self._after_loss(error)
                if end is not None:
                    return end
            else:
                return End(JobState.COMPLETED)
            finally:
                await run.close()
            await first_of(self._lease.stopped, timeout_s=self._patience.next_delay_s())

    def _after_loss(self, error: SideLostError | SideRefusedError) -> End | None:
        job_id, cause = str(self._lease.job_id), type(error.cause).__name__
        log.warning("import.server_lost", job_id=job_id, side=error.side, cause=cause, words=str(error.cause)[:200])
        if isinstance(error, SideRefusedError) and error.side is Side.SOURCE:
            end = self._patience.refused()
            if end is not None:
                return end
        return self._patience.lost(error.side, now=datetime.now(UTC))

    def _run(self, assignment: Assignment, live: LiveThrottle) -> CopyRun:
        job, settings = assignment.job, self._settings
        sources = {
            source.id: Party(Side.SOURCE, self._to_source(source, password))
            for source, password in zip(job.sources, assignment.passwords or (), strict=True)
        }

        async def progressed() -> None:
            await self._progressed()
            live.offer({})

        return CopyRun(
            journal=Journal(self._runtime.sessions, self._lease.principal, job.id, guard=self._lease.guard),
            sources=sources,
            target=Party(Side.TARGET, self._to_target(assignment)),
            choice=job.choice,
            limits=CopyLimits(
                batch_messages=settings.batch_messages,
                batch_octets=settings.batch_octets,
                settle_delay_s=settings.settle_delay_s,
            ),
            check=self._lease.check,
            progressed=progressed,
        )

    def _to_source(self, source: Source, password: str) -> Connect:
        credentials = PasswordCredentials(source.login, password)

        async def connect() -> ImapClient:
            return await self._resources.access.sign_in(source.place, credentials)

        return connect

    def _to_target(self, assignment: Assignment) -> Connect:
        place, server_id = assignment.target_place, assignment.mail_server_id
        address = assignment.job.target.address

        async def connect() -> ImapClient:
            if place is None or server_id is None:
                raise ImapConnectionError("the target has no mail server")
            try:
                login = await self._resources.logins.of(server_id)
            except MasterLoginUnavailableError as error:
                raise ImapConnectionError("the directory does not answer") from error
            credentials = PasswordCredentials(login.user, login.secret, authorization=address)
            return await self._resources.access.sign_in(place, credentials)

        return connect

    async def _progressed(self) -> None:
        """Forget that servers were out of reach."""
        was_waiting = self._patience.waiting_since is not None
        self._patience.succeeded()
        if was_waiting:
            async with self._runtime.sessions() as session, session.begin():
                await bind_organisation(session, self._lease.principal)
                await CopyJobs(session, self._lease.principal).change(
                    self._lease.job_id, waiting_since=None, retry_at=None
                )

    async def _tell(self, payload: Payload) -> None:
        organisation_id = self._lease.principal.organisation_id
        if organisation_id is not None:
            await publish_live(self._runtime.nats.client, organisation_id, TOPIC, self._lease.job_id, payload)

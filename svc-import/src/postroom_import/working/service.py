"""What a worker stores about a copy: that it began, and how its turn ended, each in one commit with its event."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_import.copies import events
from postroom_import.copies.domain import CopyJob, JobState
from postroom_import.copies.errors import CopyNotFoundError, PasswordExpiredError
from postroom_import.copies.repository import CopyJobs, LocalMailboxes, own_place
from postroom_import.imap_places import ImapPlace, as_known
from postroom_import.notices.service import have_told
from postroom_import.working.domain import End
from postroom_import.working.repository import Leases
from postroom_shared.principal import SystemPrincipal
from postroom_shared.projection import find_address
from postroom_shared.projection.repository import mail_server_of
from postroom_shared.security.sealing import Vault


@dataclass(frozen=True, slots=True)
class Assignment:
    """A copy and what its worker needs.

    Attributes:
        passwords: Of the sources, in their order; None when they were erased.
        target_place: None when the target address no longer exists.
        mail_server_id: Of the target.
    """

    job: CopyJob
    passwords: tuple[str, ...] | None
    target_place: ImapPlace | None
    mail_server_id: UUID | None


async def begin(session: AsyncSession, principal: SystemPrincipal, job_id: UUID, *, vault: Vault) -> Assignment:
    """Note that a worker has begun, and return what it needs.

    Raises:
        CopyNotFoundError: The copy is gone.
    """
    jobs = CopyJobs(session, principal)
    job, _ = await jobs.lock(job_id)
    if job.state is JobState.QUEUED and job.wish is None:
        started_at = job.started_at or datetime.now(UTC)
        await jobs.change(job_id, state=JobState.RUNNING, started_at=started_at, retry_at=None)
        await events.publish_started(session, job)
        job = replace(job, state=JobState.RUNNING, started_at=started_at)
    address = await find_address(session, principal, job.target.address_id)
    server = await mail_server_of(session, principal, address.mail_service_id) if address else None
    place = own_place(server.imap, server.tls_ca_pem) if server else None
    known = (await LocalMailboxes(session).imap_places()).values()
    sources = tuple(replace(source, place=as_known(source.place, known)) for source in job.sources)
    passwords = await _passwords(session, job, vault=vault)
    return Assignment(replace(job, sources=sources), passwords, place, server.id if server else None)


async def _passwords(session: AsyncSession, job: CopyJob, *, vault: Vault) -> tuple[str, ...] | None:
    opened = []
    for source in job.sources:
        if source.sealed_password is None:
            return None
        context = ("import_source", source.id, "password")
        plain = await vault.unseal(session, job.organisation_id, context=context, sealed=source.sealed_password)
        opened.append(plain.decode())
    return tuple(opened)


async def end_turn(
    session: AsyncSession, principal: SystemPrincipal, job_id: UUID, end: End, *, holder: str, worked_s: float
) -> CopyJob | None:
    """Give the copy back as *end* says, with event and mails in the same commit; None when it is another worker's."""
    leases = Leases(session, principal)
    if not await leases.release(job_id, holder=holder, worked_s=worked_s, **_values(end)):
        return None
    return await _ended(session, principal, job_id, end)


async def expire(session: AsyncSession, principal: SystemPrincipal, job_id: UUID, *, since: datetime) -> None:
    """End a copy at which nothing was done since *since*: its passwords must not stay."""
    jobs = CopyJobs(session, principal)
    try:
        job, lease_until = await jobs.lock(job_id)
    except CopyNotFoundError:
        return
    if job.state.is_final or (lease_until is not None and lease_until > since):
        return
    end = End(JobState.FAILED, PasswordExpiredError)
    await jobs.change(job_id, lease_holder=None, lease_until=None, **_values(end))
    await _ended(session, principal, job_id, end)


def _values(end: End) -> dict[str, Any]:
    return {
        "state": end.state,
        "wish": None,
        "problem": end.problem.slug if end.problem else None,
        "retry_at": end.retry_at,
        "waiting_since": end.waiting_since,
        "finished_at": datetime.now(UTC) if end.state.is_final else None,
    }


async def _ended(session: AsyncSession, principal: SystemPrincipal, job_id: UUID, end: End) -> CopyJob:
    jobs = CopyJobs(session, principal)
    job, _ = await jobs.lock(job_id)
    if end.state.is_final:
        await jobs.erase_passwords(job_id)
    match end.state:
        case JobState.PAUSED:
            await events.publish_paused(session, job)
        case JobState.CANCELLED:
            await events.publish_cancelled(session, job)
        case JobState.COMPLETED:
            duration_s = await Leases(session, principal).worked_s(job_id)
            await events.publish_completed(session, job, duration_s=duration_s)
        case JobState.FAILED:
            await events.publish_failed(session, job, problem=job.problem or "")
        case _:
            return job
    if end.state in {JobState.COMPLETED, JobState.FAILED} and job.finished_at is not None:
        await have_told(session, job, ended_at=job.finished_at)
    return job

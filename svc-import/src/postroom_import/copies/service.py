"""What people do with copies: ask for one, look, pause, let go on, cancel."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import assert_never
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_import.copies import events
from postroom_import.copies.domain import (
    CopyJob,
    JobState,
    Source,
    SourceKind,
    Target,
    Wish,
    account_key,
    outside_account_key,
    refuse_same_mailbox,
    require_cancellable,
    require_pausable,
    require_resumable,
)
from postroom_import.copies.errors import (
    AlreadyRunningError,
    NotLocalAddressError,
    PasswordNeededError,
    TargetDisabledError,
    TargetNotAttachedError,
    TargetUnavailableError,
    TargetWithoutMailboxError,
    WrongStateError,
)
from postroom_import.copies.repository import CopyJobs, LocalMailboxes, own_place
from postroom_import.copies.schemas import CopyList, ExternalSource, LocalSource, NewCopy
from postroom_import.imap_places import ImapPlace, Tls, as_known
from postroom_shared.database import bind_organisation
from postroom_shared.http.pages import BadCursorError, decode_cursor
from postroom_shared.principal import PersonPrincipal, SystemPrincipal
from postroom_shared.projection import (
    address_named,
    attached_addresses,
    find_person,
    mail_server_of,
    mail_service_of_domain,
)
from postroom_shared.security.sealing import Vault
from postroom_shared.values import Address, uuid7

DEFAULT_LANGUAGE = "fr"


@dataclass(frozen=True, slots=True)
class SourceWithPassword:
    """A source and the password that was given for it."""

    source: Source
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CheckedRequest:
    """A copy that may be asked for, as far as the database can tell.

    Attributes:
        target_place: Where the target's mail server speaks IMAP.
    """

    job: CopyJob
    sources: tuple[SourceWithPassword, ...]
    target_place: ImapPlace


async def check_request(session: AsyncSession, caller: PersonPrincipal, wanted: NewCopy) -> CheckedRequest:
    """Return the copy that *wanted* asks for; reads only, in a transaction of its own that is thrown away.

    Raises:
        TargetNotAttachedError: The target is none of the caller's addresses.
        TargetWithoutMailboxError: It only passes mail on.
        TargetDisabledError: It is switched off.
        NotLocalAddressError: A source is said to be on this mail server and is not.
        SameMailboxError: Two of the mailboxes are one.
    """
    target, target_place = await _target(session, caller, wanted.target_address_id)
    person = await find_person(session, caller, caller.person_id)
    await bind_organisation(session, SystemPrincipal())  # sources may belong to anybody: their password is the right
    sources = [await _source(session, each) for each in wanted.sources]
    refuse_same_mailbox([each.source for each in sources], target)
    job = CopyJob(
        id=uuid7(),
        organisation_id=caller.organisation_scope if isinstance(caller.organisation_scope, UUID) else UUID(int=0),
        requested_by=caller.person_id,
        language=person.language if person else DEFAULT_LANGUAGE,
        target=target,
        sources=tuple(each.source for each in sources),
        choice=wanted.options.choice(),
        state=JobState.QUEUED,
        wish=None,
        problem=None,
        created_at=datetime.now(UTC),
        started_at=None,
        finished_at=None,
        waiting_since=None,
        retry_at=None,
    )
    return CheckedRequest(job, tuple(sources), target_place)


async def _target(session: AsyncSession, caller: PersonPrincipal, address_id: UUID) -> tuple[Target, ImapPlace]:
    """Return the target, if it is attached to the caller (docs/promises.md#import-target-list)."""
    attached = {each.address.id: each.address for each in await attached_addresses(session, caller)}
    address = attached.get(address_id)
    if address is None:
        raise TargetNotAttachedError
    if address.kind == "forward_only":
        raise TargetWithoutMailboxError
    if not address.enabled:
        raise TargetDisabledError
    server = await mail_server_of(session, caller, address.mail_service_id)
    if server is None:
        raise TargetUnavailableError(retry_after_s=60)
    place = own_place(server.imap, server.tls_ca_pem)
    return Target(address_id=address.id, address=address.address, mail_server_id=server.id), place


async def _source(session: AsyncSession, wanted: LocalSource | ExternalSource) -> SourceWithPassword:
    match wanted:
        case LocalSource():
            source = await _local_source(session, wanted.address)
        case ExternalSource():
            source = await _external_source(session, wanted)
        case _:
            assert_never(wanted)
    return SourceWithPassword(source, wanted.password.get_secret_value())


async def _local_source(session: AsyncSession, named: Address) -> Source:
    """Return the mailbox behind an address of this installation (docs/promises.md#import-local-source)."""
    service = await mail_service_of_domain(session, named.domain)
    place = (await LocalMailboxes(session).imap_places()).get(service.mail_server_id) if service else None
    if place is None:
        raise NotLocalAddressError
    address, key = await _identified(session, named)
    return Source(
        id=uuid7(),
        kind=SourceKind.LOCAL,
        place=place,
        login=address,
        address=address,
        account_key=key,
    )


async def _identified(session: AsyncSession, named: Address) -> tuple[Address, str]:
    """Return the address of the mailbox that *named* leads to, and its account key."""
    for candidate in await _spellings(session, named):
        found = await address_named(session, candidate)
        if found is not None:
            return found.address, account_key(found.id)
        owner = await LocalMailboxes(session).owner_of_alias(candidate)
        if owner is not None:
            return candidate, account_key(owner)
    return named, outside_account_key("", named)


async def _spellings(session: AsyncSession, named: Address) -> list[Address]:
    """Return *named*, and the address it stands for when its domain is an alias domain."""
    service = await mail_service_of_domain(session, named.domain)
    domains = {domain.name: domain.alias_of for domain in service.domains} if service else {}
    original = domains.get(named.domain)
    return [named, *([Address(f"{named.local_part}@{original}")] if original else [])]


async def _external_source(session: AsyncSession, wanted: ExternalSource) -> Source:
    """Return the mailbox at a host that a person named; a mail server of our own is recognised by its endpoint."""
    host = wanted.host.strip().rstrip(".").lower()
    named = ImapPlace(host, wanted.port, Tls(wanted.tls))
    place = as_known(named, (await LocalMailboxes(session).imap_places()).values())
    address, key = _address_or_none(wanted.login), outside_account_key(host, wanted.login)
    if place.is_own and address is not None:
        address, key = await _identified(session, address)
    return Source(
        id=uuid7(),
        kind=SourceKind.EXTERNAL,
        place=place,
        login=wanted.login,
        address=address,
        account_key=key,
    )


def _address_or_none(login: str) -> Address | None:
    try:
        return Address(login)
    except ValueError:
        return None


async def request_copy(
    session: AsyncSession, caller: PersonPrincipal, checked: CheckedRequest, *, vault: Vault
) -> CopyJob:
    """Store the copy, its passwords sealed, and have it queued.

    Raises:
        AlreadyRunningError: A copy from one of these sources to this target is not over.
    """
    jobs = CopyJobs(session, caller)
    job = checked.job
    keys = [source.account_key for source in job.sources]
    if await jobs.is_under_way(keys, job.target.account_key):
        raise AlreadyRunningError("Wait for its end, or cancel it first.")
    await jobs.add(job)
    await _seal(session, jobs, job, [each.password for each in checked.sources], vault=vault)
    await events.publish_requested(session, job)
    return job


async def _seal(session: AsyncSession, jobs: CopyJobs, job: CopyJob, passwords: Sequence[str], *, vault: Vault) -> None:
    for source, password in zip(job.sources, passwords, strict=True):
        context = ("import_source", source.id, "password")
        sealed = await vault.seal(session, job.organisation_id, context=context, plaintext=password.encode())
        await jobs.set_password(source.id, sealed)


async def list_copies(session: AsyncSession, caller: PersonPrincipal, wanted: CopyList) -> list[CopyJob]:
    """Return the copies that the caller may see, newest first; one more than a page has, if there is one."""
    after = None
    if wanted.cursor:
        created_at, job_id = decode_cursor(wanted.cursor, width=2)
        after = _moment_and_id(created_at, job_id)
    return await CopyJobs(session, caller).page(states=wanted.state, after=after, limit=wanted.limit + 1)


def _moment_and_id(created_at: object, job_id: object) -> tuple[datetime, UUID]:
    try:
        return datetime.fromisoformat(str(created_at)), UUID(str(job_id))
    except ValueError as error:
        raise BadCursorError from error


async def pause_copy(session: AsyncSession, caller: PersonPrincipal, job_id: UUID) -> CopyJob:
    """Let a copy rest; a running one stops after the messages in hand.

    Raises:
        WrongStateError: It neither waits nor runs.
    """
    jobs = CopyJobs(session, caller)
    job, lease_until = await jobs.lock(job_id)
    require_pausable(job)
    if _is_held(lease_until):
        await jobs.change(job_id, wish=Wish.PAUSE)
        return replace(job, wish=Wish.PAUSE)
    now = datetime.now(UTC)
    await jobs.change(job_id, state=JobState.PAUSED, wish=None, waiting_since=None, retry_at=None, touched_at=now)
    await events.publish_paused(session, job)
    return replace(job, state=JobState.PAUSED, wish=None, waiting_since=None, retry_at=None)


async def cancel_copy(session: AsyncSession, caller: PersonPrincipal, job_id: UUID) -> CopyJob:
    """End a copy; what was copied stays, and the passwords are erased.

    Raises:
        WrongStateError: It is over.
    """
    jobs = CopyJobs(session, caller)
    job, lease_until = await jobs.lock(job_id)
    require_cancellable(job)
    if _is_held(lease_until):
        await jobs.change(job_id, wish=Wish.CANCEL)
        return replace(job, wish=Wish.CANCEL)
    now = datetime.now(UTC)
    ended = {"state": JobState.CANCELLED, "wish": None, "finished_at": now, "waiting_since": None, "retry_at": None}
    await jobs.change(job_id, **ended)
    await jobs.erase_passwords(job_id)
    await events.publish_cancelled(session, job)
    return replace(job, state=JobState.CANCELLED, wish=None, finished_at=now, waiting_since=None, retry_at=None)


async def resumable(session: AsyncSession, caller: PersonPrincipal, job_id: UUID, passwords: int) -> CopyJob:
    """Return a copy that may go on with that many passwords given; reads only.

    Raises:
        WrongStateError: It neither rests nor has failed.
        PasswordNeededError: The passwords were erased, and not one for each source is given.
    """
    job = await CopyJobs(session, caller).get(job_id)
    require_resumable(job)
    if (passwords or not job.has_passwords) and passwords != len(job.sources):
        raise PasswordNeededError(extra={"sources": len(job.sources)})
    return job


async def resume_copy(
    session: AsyncSession, caller: PersonPrincipal, job_id: UUID, *, passwords: Sequence[str], vault: Vault
) -> CopyJob:
    """Let a copy go on where it ended; *passwords* were tried before.

    Raises:
        WrongStateError: It neither rests nor has failed.
        PasswordNeededError: The passwords were erased meanwhile.
        AlreadyRunningError: Another copy of the same mailboxes was asked for meanwhile.
    """
    jobs = CopyJobs(session, caller)
    job, lease_until = await jobs.lock(job_id)
    require_resumable(job)
    if _is_held(lease_until):
        raise WrongStateError("The copy is just being stopped; try again.", extra={"state": job.state})
    if not passwords and not job.has_passwords:
        raise PasswordNeededError(extra={"sources": len(job.sources)})
    keys = [source.account_key for source in job.sources]
    if job.state is JobState.FAILED and await jobs.is_under_way(keys, job.target.account_key):
        raise AlreadyRunningError
    if passwords:
        await _seal(session, jobs, job, passwords, vault=vault)
    queued = {"state": JobState.QUEUED, "problem": None, "finished_at": None, "touched_at": datetime.now(UTC)}
    await jobs.change(job_id, wish=None, waiting_since=None, retry_at=None, **queued)
    await events.publish_resumed(session, job)
    return replace(job, state=JobState.QUEUED, wish=None, problem=None, finished_at=None)


def _is_held(lease_until: datetime | None) -> bool:
    return lease_until is not None and lease_until > datetime.now(UTC)

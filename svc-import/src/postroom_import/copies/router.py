"""`/v1/imports`: copies of mailboxes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response, status
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_import.copies import service
from postroom_import.copies.errors import (
    AlreadyRunningError,
    CopyNotFoundError,
    EncryptionFailedError,
    NotImapError,
    NotLocalAddressError,
    PasswordNeededError,
    SameMailboxError,
    SourceUnavailableError,
    TargetDisabledError,
    TargetNotAttachedError,
    TargetUnavailableError,
    TargetWithoutMailboxError,
    WrongPasswordError,
    WrongStateError,
)
from postroom_import.copies.following import follow_copy, read_copy
from postroom_import.copies.passwords import try_passwords, try_target
from postroom_import.copies.repository import CopyJobs
from postroom_import.copies.schemas import CopyDetail, CopyList, CopyRead, NewCopy, ResumeCopy
from postroom_import.resources import resources_of
from postroom_import.settings import ImportSettings
from postroom_shared.database import bind_organisation
from postroom_shared.errors import RateLimitedError
from postroom_shared.http.dependencies import Session
from postroom_shared.http.idempotency import claim_request
from postroom_shared.http.identity import person
from postroom_shared.http.pages import BadCursorError, Page, page_of
from postroom_shared.http.problem import problem_responses
from postroom_shared.http.sse import EVENT_STREAM, sse_response
from postroom_shared.principal import PersonPrincipal, Scope
from postroom_shared.security.dialling import HostRefusedError, HostUnreachableError
from postroom_shared.service import Runtime

router = APIRouter(prefix="/v1/imports", tags=["imports"])

Manager = Annotated[PersonPrincipal, Depends(person(Scope.IMPORTS_MANAGE))]
Reader = Annotated[PersonPrincipal, Depends(person(Scope.IMPORTS_READ))]

_DIALLING = (
    HostRefusedError,
    HostUnreachableError,
    EncryptionFailedError,
    NotImapError,
    WrongPasswordError,
    SourceUnavailableError,
    RateLimitedError,
)


def _runtime(request: Request) -> Runtime[ImportSettings]:
    runtime: Runtime[ImportSettings] = request.app.state.runtime
    return runtime


OpenRuntime = Annotated[Runtime[ImportSettings], Depends(_runtime)]


@asynccontextmanager
async def _looking(request: Request, caller: PersonPrincipal) -> AsyncIterator[AsyncSession]:
    """Yield a session for reading; nothing of it is kept. A repeated request ends here with its first answer."""
    async with _runtime(request).sessions() as session:
        await bind_organisation(session, caller)
        await claim_request(session, request, caller)
        yield session


async def _checked(request: Request, caller: Manager, wanted: NewCopy) -> service.CheckedRequest:
    """Check all that can be checked before anything starts; no transaction is open while mail servers are asked."""
    async with _looking(request, caller) as session:
        checked = await service.check_request(session, caller, wanted)
    resources = resources_of(_runtime(request))
    async with resources.budget.attempt(checked.job.organisation_id):
        await try_passwords(resources.access, [(each.source, each.password) for each in checked.sources])
    await try_target(resources.access, resources.logins, checked.job.target, checked.target_place)
    return checked


async def _resumable(request: Request, caller: Manager, import_id: UUID, wanted: ResumeCopy | None = None) -> list[str]:
    passwords = [each.get_secret_value() for each in (wanted.passwords if wanted else None) or ()]
    async with _looking(request, caller) as session:
        job = await service.resumable(session, caller, import_id, len(passwords))
    if passwords:
        resources = resources_of(_runtime(request))
        async with resources.budget.attempt(job.organisation_id):
            await try_passwords(resources.access, list(zip(job.sources, passwords, strict=True)))
    return passwords


@router.post(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    responses=problem_responses(
        *_DIALLING,
        SameMailboxError,
        TargetNotAttachedError,
        TargetWithoutMailboxError,
        NotLocalAddressError,
        TargetUnavailableError,
        TargetDisabledError,
        AlreadyRunningError,
    ),
)
async def request_copy(
    response: Response,
    runtime: OpenRuntime,
    caller: Manager,
    checked: Annotated[service.CheckedRequest, Depends(_checked)],
    session: Session,
) -> CopyRead:
    """Copy a mailbox, or two, into one of your addresses.

    All is checked before anything starts: the passwords are tried with a plain login. The copy then goes on by itself,
    and a mail to all addresses concerned tells its end.
    """
    job = await service.request_copy(session, caller, checked, vault=runtime.vault)
    response.headers["Location"] = f"/v1/imports/{job.id}"
    return CopyRead.of(job)


@router.get("", responses=problem_responses(BadCursorError))
async def list_copies(session: Session, caller: Reader, wanted: Annotated[CopyList, Query()]) -> Page[CopyRead]:
    """List your copies, newest first; for owners and administrators, the whole organisation's."""
    copies = [CopyRead.of(job) for job in await service.list_copies(session, caller, wanted)]
    return page_of(copies, limit=wanted.limit, key=lambda copy: (copy.created_at.isoformat(), copy.id))


@router.get("/{import_id}", responses=problem_responses(CopyNotFoundError))
async def read_copy_in_full(session: Session, caller: Reader, import_id: UUID) -> CopyDetail:
    """Read a copy with its folders and the first hundred messages that failed."""
    jobs = CopyJobs(session, caller)
    job = await jobs.get(import_id)
    return CopyDetail.with_folders(job, await jobs.folders(job.id), await jobs.failures(job.id))


@router.get(
    "/{import_id}/events",
    response_class=StreamingResponse,
    responses={200: EVENT_STREAM, **problem_responses(CopyNotFoundError)},
)
async def watch_copy(runtime: OpenRuntime, caller: Reader, import_id: UUID) -> StreamingResponse:
    """Watch a copy: `progress` with the whole copy at once and at each change, at most four a second; `done` last.

    `gone` ends the stream when you may not see the copy any more.
    """
    await read_copy(runtime, caller, import_id)
    return sse_response(follow_copy(runtime, caller, import_id))


@router.post(
    "/{import_id}:pause",
    status_code=status.HTTP_202_ACCEPTED,
    responses=problem_responses(CopyNotFoundError, WrongStateError),
)
async def pause_copy(session: Session, caller: Manager, import_id: UUID) -> CopyRead:
    """Let a copy rest. Its passwords are kept for a day."""
    return CopyRead.of(await service.pause_copy(session, caller, import_id))


@router.post(
    "/{import_id}:resume",
    status_code=status.HTTP_202_ACCEPTED,
    responses=problem_responses(
        *_DIALLING, CopyNotFoundError, WrongStateError, PasswordNeededError, AlreadyRunningError
    ),
)
async def resume_copy(
    runtime: OpenRuntime,
    caller: Manager,
    import_id: UUID,
    passwords: Annotated[list[str], Depends(_resumable)],
    session: Session,
) -> CopyRead:
    """Let a copy that rests or has failed go on where it ended."""
    job = await service.resume_copy(session, caller, import_id, passwords=passwords, vault=runtime.vault)
    return CopyRead.of(job)


@router.post(
    "/{import_id}:cancel",
    status_code=status.HTTP_202_ACCEPTED,
    responses=problem_responses(CopyNotFoundError, WrongStateError),
)
async def cancel_copy(session: Session, caller: Manager, import_id: UUID) -> CopyRead:
    """End a copy for good. What was copied stays; the passwords are erased."""
    return CopyRead.of(await service.cancel_copy(session, caller, import_id))

"""HTTP of people."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, status

from postroom_directory.dependencies import (
    Account,
    Changer,
    OfficeSession,
    PasswordThreads,
    Reader,
    Settings,
    WideSession,
)
from postroom_directory.memberships.errors import AlreadyMemberError, LastOwnerError, RoleNotYoursError
from postroom_directory.memberships.schemas import MembershipRead
from postroom_directory.passwords import PasswordsBusyError
from postroom_directory.people import service
from postroom_directory.people.errors import (
    LastOperatorError,
    OrganisationMissingError,
    PasswordLinkError,
    SharedAccountError,
    WeakPasswordError,
    WrongPasswordError,
)
from postroom_directory.people.repository import People
from postroom_directory.people.schemas import (
    InvitationRead,
    PasswordByLink,
    PasswordChange,
    PasswordLinkRead,
    PersonChange,
    PersonInvite,
    PersonQuery,
    PersonRead,
)
from postroom_directory.sign_ins.errors import SignInDelayedError
from postroom_shared.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PreconditionFailedError,
    PreconditionRequiredError,
)
from postroom_shared.http.dependencies import OpenSession
from postroom_shared.http.etag import IfMatch, set_etag
from postroom_shared.http.pages import Page, page_of
from postroom_shared.http.problem import problem_responses

router = APIRouter(prefix="/v1/people", tags=["people"])
AUTHORITY_PROBLEMS = (NotFoundError, ForbiddenError, SharedAccountError, RoleNotYoursError)
CHANGE_PROBLEMS = (*AUTHORITY_PROBLEMS, LastOperatorError, PreconditionFailedError, PreconditionRequiredError)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses=problem_responses(
        ForbiddenError,
        RoleNotYoursError,
        OrganisationMissingError,
        NotFoundError,
        ConflictError,
        AlreadyMemberError,
    ),
)
async def invite_person(
    new: PersonInvite, caller: Changer, session: OfficeSession, settings: Settings, response: Response
) -> InvitationRead:
    """Invite somebody to an organisation (its managers; the operator). A new account gets a one-time link."""
    invited = await service.invite_person(
        session,
        caller,
        service.Invitation(**new.model_dump()),
        link_life=timedelta(hours=settings.password_link_hours),
    )
    response.headers["Location"] = f"/v1/people/{invited.person_id}"
    response.headers["Cache-Control"] = "no-store"
    link = invited.link
    return InvitationRead(
        person_id=invited.person_id,
        membership=MembershipRead.of(invited.membership) if invited.membership else None,
        password_link=PasswordLinkRead.of(link, public_url=settings.public_url) if link else None,
    )


@router.get("")
async def list_people(query: Annotated[PersonQuery, Query()], caller: Reader, session: WideSession) -> Page[PersonRead]:
    """List people by e-mail: the acting organisation's for its managers, all for the operator, oneself for others."""
    rows = await People(session, caller).page(query, email=query.email, enabled=query.enabled, operator=query.operator)
    page = page_of(rows, limit=query.limit, key=lambda row: (row.email, row.id))
    return Page(items=[PersonRead.of(each) for each in page.items], next=page.next)


@router.get("/{person_id}", responses=problem_responses(NotFoundError))
async def read_person(person_id: UUID, caller: Reader, session: WideSession, response: Response) -> PersonRead:
    """Read one person."""
    person = await People(session, caller).get(person_id)
    set_etag(response, person.version)
    return PersonRead.of(person)


@router.patch("/{person_id}", responses=problem_responses(*CHANGE_PROBLEMS))
async def change_person(
    person_id: UUID,
    *,
    change: PersonChange,
    caller: Changer,
    version: IfMatch,
    session: WideSession,
    response: Response,
) -> PersonRead:
    """Change an account.

    The person changes name and language; managers of their only organisation also `enabled`; the operator everything.
    """
    person = await service.change_person(session, caller, person_id, version=version, changes=change.changes())
    set_etag(response, person.version)
    return PersonRead.of(person)


@router.delete(
    "/{person_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(*CHANGE_PROBLEMS, LastOwnerError),
)
async def delete_person(person_id: UUID, caller: Changer, version: IfMatch, session: WideSession) -> None:
    """Delete an account with its memberships and grants (managers of its only organisation; the operator)."""
    await service.delete_person(session, caller, person_id, version=version)


@router.post("/{person_id}:reset-password", responses=problem_responses(*AUTHORITY_PROBLEMS))
async def reset_password(
    person_id: UUID, caller: Changer, session: WideSession, settings: Settings, response: Response
) -> PasswordLinkRead:
    """Make a one-time link for setting a password, in place of earlier ones (as for deleting)."""
    life = timedelta(hours=settings.password_link_hours)
    link = await service.reset_password(session, caller, person_id, life=life)
    response.headers["Cache-Control"] = "no-store"
    return PasswordLinkRead.of(link, public_url=settings.public_url)


@router.post(
    "/{person_id}:change-password",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(
        NotFoundError,
        ForbiddenError,
        WrongPasswordError,
        SignInDelayedError,
        WeakPasswordError,
        PasswordsBusyError,
    ),
)
async def change_own_password(
    person_id: UUID,
    *,
    change: PasswordChange,
    caller: Account,
    request: Request,
    session: WideSession,
    passwords: PasswordThreads,
) -> None:
    """Change one's own sign-in password; every session ends."""
    await service.change_password(
        session,
        caller,
        passwords,
        sessions=request.app.state.runtime.sessions,
        person_id=person_id,
        present=change.present_password.get_secret_value(),
        new=change.new_password.get_secret_value(),
    )


@router.post(
    ":set-password",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(PasswordLinkError, WeakPasswordError, PasswordsBusyError),
)
async def set_password_by_link(by_link: PasswordByLink, session: OpenSession, passwords: PasswordThreads) -> None:
    """Set a password with a one-time link, without being signed in."""
    await service.set_password_by_link(
        session,
        passwords,
        token=by_link.token.get_secret_value(),
        password=by_link.new_password.get_secret_value(),
    )

"""HTTP of memberships."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status

from postroom_directory.dependencies import Account, Changer, Reader, WideSession
from postroom_directory.memberships import service
from postroom_directory.memberships.errors import AlreadyAcceptedError, LastOwnerError, RoleNotYoursError
from postroom_directory.memberships.repository import Memberships
from postroom_directory.memberships.schemas import MembershipChange, MembershipQuery, MembershipRead
from postroom_shared.errors import ForbiddenError, NotFoundError, PreconditionFailedError, PreconditionRequiredError
from postroom_shared.http.etag import IfMatch, set_etag
from postroom_shared.http.pages import Page, page_of
from postroom_shared.http.problem import problem_responses

router = APIRouter(prefix="/v1/memberships", tags=["memberships"])
CHANGE_PROBLEMS = (
    NotFoundError,
    ForbiddenError,
    RoleNotYoursError,
    LastOwnerError,
    PreconditionFailedError,
    PreconditionRequiredError,
)


@router.get("")
async def list_memberships(
    query: Annotated[MembershipQuery, Query()], caller: Reader, session: WideSession
) -> Page[MembershipRead]:
    """List memberships, oldest first: those of the acting organisation for its managers, and everybody's own."""
    rows = await Memberships(session, caller).page(
        query, organisation_id=query.organisation_id, person_id=query.person_id, roles=query.role
    )
    page = page_of(rows, limit=query.limit, key=lambda row: (row.id,))
    return Page(items=[MembershipRead.of(each) for each in page.items], next=page.next)


@router.get("/{membership_id}", responses=problem_responses(NotFoundError))
async def read_membership(
    membership_id: UUID, caller: Reader, session: WideSession, response: Response
) -> MembershipRead:
    """Read one membership."""
    membership = await Memberships(session, caller).get(membership_id)
    set_etag(response, membership.version)
    return MembershipRead.of(membership)


@router.patch("/{membership_id}", responses=problem_responses(*CHANGE_PROBLEMS))
async def change_role(
    membership_id: UUID,
    *,
    change: MembershipChange,
    caller: Changer,
    version: IfMatch,
    session: WideSession,
    response: Response,
) -> MembershipRead:
    """Change a person's role (managers). Only owners and legal representatives give or take those two roles."""
    membership = await service.change_role(session, caller, membership_id, version=version, role=change.role)
    set_etag(response, membership.version)
    return MembershipRead.of(membership)


@router.post(
    "/{membership_id}:accept", responses=problem_responses(NotFoundError, ForbiddenError, AlreadyAcceptedError)
)
async def accept_invitation(
    membership_id: UUID, caller: Account, session: WideSession, response: Response
) -> MembershipRead:
    """Accept an invitation to an organisation (the invited person)."""
    membership = await service.accept_invitation(session, caller, membership_id)
    set_etag(response, membership.version)
    return MembershipRead.of(membership)


@router.delete(
    "/{membership_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problem_responses(*CHANGE_PROBLEMS)
)
async def end_membership(membership_id: UUID, caller: Changer, version: IfMatch, session: WideSession) -> None:
    """Take a person out of the organisation with all their grants (managers), or leave it, or decline an invitation."""
    await service.end_membership(session, caller, membership_id, version=version)

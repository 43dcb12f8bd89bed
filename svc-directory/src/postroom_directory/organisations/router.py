"""HTTP of organisations."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status

from postroom_directory.dependencies import Changer, Operator, Reader, WideSession
from postroom_directory.organisations import service
from postroom_directory.organisations.domain import OrganisationState
from postroom_directory.organisations.errors import OrganisationNotEmptyError, OrganisationStateError
from postroom_directory.organisations.repository import Organisations
from postroom_directory.organisations.schemas import (
    OrganisationChange,
    OrganisationCreate,
    OrganisationQuery,
    OrganisationRead,
)
from postroom_shared.errors import ForbiddenError, NotFoundError, PreconditionFailedError, PreconditionRequiredError
from postroom_shared.http.etag import IfMatch, set_etag
from postroom_shared.http.pages import Page, page_of
from postroom_shared.http.problem import problem_responses

router = APIRouter(prefix="/v1/organisations", tags=["organisations"])
CHANGE_PROBLEMS = (NotFoundError, ForbiddenError, PreconditionFailedError, PreconditionRequiredError)


@router.post("", status_code=status.HTTP_201_CREATED, responses=problem_responses(ForbiddenError))
async def create_organisation(
    new: OrganisationCreate, caller: Operator, session: WideSession, response: Response
) -> OrganisationRead:
    """Create an organisation (operator). Invite its owner with `POST /v1/people`."""
    organisation = await service.create_organisation(session, caller, new.details())
    response.headers["Location"] = f"/v1/organisations/{organisation.id}"
    set_etag(response, organisation.version)
    return OrganisationRead.of(organisation)


@router.get("")
async def list_organisations(
    query: Annotated[OrganisationQuery, Query()], caller: Reader, session: WideSession
) -> Page[OrganisationRead]:
    """List organisations by name: all of them for the operator, their own for a person."""
    rows = await Organisations(session, caller).page(query, states=query.state, text=query.text)
    page = page_of(rows, limit=query.limit, key=lambda row: (row.details.name, row.id))
    return Page(items=[OrganisationRead.of(each) for each in page.items], next=page.next)


@router.get("/{organisation_id}", responses=problem_responses(NotFoundError))
async def read_organisation(
    organisation_id: UUID, caller: Reader, session: WideSession, response: Response
) -> OrganisationRead:
    """Read one organisation that the caller belongs to, or any for the operator."""
    organisation = await Organisations(session, caller).get(organisation_id)
    set_etag(response, organisation.version)
    return OrganisationRead.of(organisation)


@router.patch("/{organisation_id}", responses=problem_responses(*CHANGE_PROBLEMS))
async def change_organisation(
    organisation_id: UUID,
    *,
    change: OrganisationChange,
    caller: Changer,
    version: IfMatch,
    session: WideSession,
    response: Response,
) -> OrganisationRead:
    """Change an organisation (its managers, acting in it; the operator)."""
    organisation = await service.change_organisation(
        session, caller, organisation_id, version=version, changes=change.changes()
    )
    set_etag(response, organisation.version)
    return OrganisationRead.of(organisation)


@router.post("/{organisation_id}:suspend", responses=problem_responses(*CHANGE_PROBLEMS, OrganisationStateError))
async def suspend_organisation(
    organisation_id: UUID, caller: Operator, version: IfMatch, session: WideSession, response: Response
) -> OrganisationRead:
    """Keep its people from acting in it (operator); mail goes on."""
    organisation = await service.move_to_state(
        session, caller, organisation_id, version=version, state=OrganisationState.SUSPENDED
    )
    set_etag(response, organisation.version)
    return OrganisationRead.of(organisation)


@router.post("/{organisation_id}:resume", responses=problem_responses(*CHANGE_PROBLEMS, OrganisationStateError))
async def resume_organisation(
    organisation_id: UUID, caller: Operator, version: IfMatch, session: WideSession, response: Response
) -> OrganisationRead:
    """Let its people act in it again (operator)."""
    organisation = await service.move_to_state(
        session, caller, organisation_id, version=version, state=OrganisationState.ACTIVE
    )
    set_etag(response, organisation.version)
    return OrganisationRead.of(organisation)


@router.delete(
    "/{organisation_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(*CHANGE_PROBLEMS, OrganisationNotEmptyError, OrganisationStateError),
)
async def delete_organisation(organisation_id: UUID, caller: Operator, version: IfMatch, session: WideSession) -> None:
    """Delete an organisation that has no mail service left (operator)."""
    await service.delete_organisation(session, caller, organisation_id, version=version)

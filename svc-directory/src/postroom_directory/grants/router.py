"""HTTP of grants."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response, status

from postroom_directory.grants import service
from postroom_directory.grants.errors import GrantExistsError
from postroom_directory.grants.repository import Grants
from postroom_directory.grants.schemas import GrantChange, GrantCreate, GrantQuery, GrantRead
from postroom_shared.errors import ForbiddenError, NotFoundError, PreconditionFailedError, PreconditionRequiredError
from postroom_shared.http.dependencies import Session
from postroom_shared.http.etag import IfMatch, set_etag
from postroom_shared.http.identity import NoOrganisationError, person
from postroom_shared.http.pages import Page, PageQuery, Paging, page_of
from postroom_shared.http.problem import problem_responses
from postroom_shared.principal import PersonPrincipal, Scope

Member = Annotated[PersonPrincipal, Depends(person(Scope.DIRECTORY_READ))]
Manager = Annotated[PersonPrincipal, Depends(person(Scope.DIRECTORY_MANAGE))]

router = APIRouter(tags=["grants"])
READ_PROBLEMS = (NotFoundError, NoOrganisationError)
CHANGE_PROBLEMS = (*READ_PROBLEMS, ForbiddenError, PreconditionFailedError, PreconditionRequiredError)


async def _page(
    grants: Grants, query: PageQuery, *, address_id: UUID | None, person_id: UUID | None
) -> Page[GrantRead]:
    rows = await grants.page(query, address_id=address_id, person_id=person_id)
    page = page_of(rows, limit=query.limit, key=lambda row: (row.id,))
    return Page(items=[GrantRead.of(each) for each in page.items], next=page.next)


@router.get("/v1/addresses/{address_id}/grants", responses=problem_responses(*READ_PROBLEMS))
async def list_grants_of_address(address_id: UUID, query: Paging, caller: Member, session: Session) -> Page[GrantRead]:
    """List who may do what with an address: everybody for managers, oneself for others."""
    grants = Grants(session, caller)
    await grants.default_rights_of(address_id)
    return await _page(grants, query, address_id=address_id, person_id=None)


@router.post(
    "/v1/addresses/{address_id}/grants",
    status_code=status.HTTP_201_CREATED,
    responses=problem_responses(*READ_PROBLEMS, ForbiddenError, GrantExistsError),
)
async def attach_address(
    address_id: UUID, new: GrantCreate, caller: Manager, session: Session, response: Response
) -> GrantRead:
    """Attach an address to a person, with rights (managers)."""
    grant = await service.attach_address(
        session, caller, address_id=address_id, person_id=new.person_id, rights=new.rights
    )
    response.headers["Location"] = f"/v1/grants/{grant.id}"
    set_etag(response, grant.version)
    return GrantRead.of(grant)


@router.get("/v1/grants", responses=problem_responses(NoOrganisationError))
async def list_grants(query: Annotated[GrantQuery, Query()], caller: Member, session: Session) -> Page[GrantRead]:
    """List grants, oldest first: all of the organisation for managers, one's own for others."""
    return await _page(Grants(session, caller), query, address_id=query.address_id, person_id=query.person_id)


@router.get("/v1/grants/{grant_id}", responses=problem_responses(*READ_PROBLEMS))
async def read_grant(grant_id: UUID, caller: Member, session: Session, response: Response) -> GrantRead:
    """Read one grant."""
    grant = await Grants(session, caller).get(grant_id)
    set_etag(response, grant.version)
    return GrantRead.of(grant)


@router.patch("/v1/grants/{grant_id}", responses=problem_responses(*CHANGE_PROBLEMS))
async def change_rights(
    grant_id: UUID,
    *,
    change: GrantChange,
    caller: Manager,
    version: IfMatch,
    session: Session,
    response: Response,
) -> GrantRead:
    """Change what a person may do with an address (managers)."""
    grant = await service.change_rights(session, caller, grant_id, version=version, rights=change.rights)
    set_etag(response, grant.version)
    return GrantRead.of(grant)


@router.delete(
    "/v1/grants/{grant_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problem_responses(*CHANGE_PROBLEMS)
)
async def detach_address(grant_id: UUID, caller: Manager, version: IfMatch, session: Session) -> None:
    """Take an address from a person (managers)."""
    await service.detach_address(session, caller, grant_id, version=version)

"""Delegations over HTTP."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Response

from postroom_directory.addresses.callers import AddressChanger, AddressReader
from postroom_directory.addresses.errors import AddressNotFoundError, RightMissingError
from postroom_directory.delegations import service
from postroom_directory.delegations.errors import DelegateUnknownError, DelegationExistsError, DelegationNotFoundError
from postroom_directory.delegations.schemas import DelegationAdd, DelegationRead
from postroom_shared.errors import PreconditionFailedError, PreconditionRequiredError
from postroom_shared.http.dependencies import Session
from postroom_shared.http.etag import IfMatch, set_etag
from postroom_shared.http.pages import BadCursorError, Page, Paging, page_of
from postroom_shared.http.problem import problem_responses

router = APIRouter(prefix="/v1/addresses/{address_id}/delegations", tags=["addresses"])


@router.get("", responses=problem_responses(BadCursorError, AddressNotFoundError))
async def list_delegations(
    address_id: UUID, query: Paging, caller: AddressReader, session: Session
) -> Page[DelegationRead]:
    """List the addresses that may send for this one, oldest first."""
    found = await service.list_delegations(session, caller, query, address_id)
    page = page_of(found, limit=query.limit, key=lambda each: (each.id,))
    return Page(items=[DelegationRead.model_validate(each) for each in page.items], next=page.next)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    responses=problem_responses(AddressNotFoundError, RightMissingError, DelegateUnknownError, DelegationExistsError),
)
async def delegate_address(
    address_id: UUID, body: DelegationAdd, caller: AddressChanger, session: Session, response: Response
) -> DelegationRead:
    """Let another address of the organisation send as this one, or on its behalf (right `security.manage`)."""
    delegation = await service.delegate(
        session, caller, address_id, delegate_address_id=body.delegate_address_id, right=body.right
    )
    response.headers["Location"] = f"/v1/addresses/{address_id}/delegations/{delegation.id}"
    set_etag(response, delegation.version)
    return DelegationRead.model_validate(delegation)


@router.get("/{delegation_id}", responses=problem_responses(AddressNotFoundError, DelegationNotFoundError))
async def read_delegation(
    address_id: UUID, delegation_id: UUID, caller: AddressReader, session: Session, response: Response
) -> DelegationRead:
    """Read one delegation."""
    delegation = await service.read_delegation(session, caller, address_id, delegation_id)
    set_etag(response, delegation.version)
    return DelegationRead.model_validate(delegation)


@router.delete(
    "/{delegation_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problem_responses(
        AddressNotFoundError,
        RightMissingError,
        DelegationNotFoundError,
        PreconditionFailedError,
        PreconditionRequiredError,
    ),
)
async def end_delegation(
    address_id: UUID, delegation_id: UUID, caller: AddressChanger, version: IfMatch, session: Session
) -> None:
    """No longer let the other address send for this one (right `security.manage`)."""
    await service.end_delegation(session, caller, address_id, delegation_id, version=version)

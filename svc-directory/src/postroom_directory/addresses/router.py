"""Addresses over HTTP."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from postroom_directory.addresses import service
from postroom_directory.addresses.callers import AddressChanger, AddressReader
from postroom_directory.addresses.errors import (
    AddressNotFoundError,
    CatchAllTakenError,
    ForeignDomainError,
    NameTakenError,
    RightMissingError,
)
from postroom_directory.addresses.schemas import AddressChange, AddressCreate, AddressQuery, AddressRead
from postroom_directory.mail_services.errors import MailServiceNotFoundError
from postroom_directory.visibility import NotManagerError
from postroom_shared.errors import PreconditionFailedError, PreconditionRequiredError
from postroom_shared.http.dependencies import Session
from postroom_shared.http.etag import IfMatch, set_etag
from postroom_shared.http.pages import BadCursorError, Page, page_of
from postroom_shared.http.problem import problem_responses

router = APIRouter(prefix="/v1/addresses", tags=["addresses"])
VERSIONED = (AddressNotFoundError, NotManagerError, PreconditionFailedError, PreconditionRequiredError)


@router.get("", responses=problem_responses(BadCursorError))
async def list_addresses(
    query: Annotated[AddressQuery, Query()], caller: AddressReader, session: Session
) -> Page[AddressRead]:
    """List addresses: managers all of the organisation, others those attached to them."""
    found = await service.list_addresses(session, caller, query.filters(), cursor=query.cursor, limit=query.limit)
    page = page_of(found, limit=query.limit, key=lambda each: (each.address,))
    return Page(items=[AddressRead.of(each) for each in page.items], next=page.next)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    responses=problem_responses(
        MailServiceNotFoundError, NotManagerError, ForeignDomainError, NameTakenError, CatchAllTakenError
    ),
)
async def create_address(
    body: AddressCreate, caller: AddressChanger, session: Session, response: Response
) -> AddressRead:
    """Create an address (managers). It takes mail with the answer; nobody signs in before a password is set."""
    details = {name: getattr(body, name) for name in type(body).model_fields.keys() - {"mail_service_id", "address"}}
    address = await service.create_address(
        session, caller, mail_service_id=body.mail_service_id, address=body.address, details=details
    )
    response.headers["Location"] = f"/v1/addresses/{address.id}"
    set_etag(response, address.version)
    return AddressRead.of(address)


@router.get("/{address_id}", responses=problem_responses(AddressNotFoundError))
async def read_address(address_id: UUID, caller: AddressReader, session: Session, response: Response) -> AddressRead:
    """Read one address."""
    address = await service.read_address(session, caller, address_id)
    set_etag(response, address.version)
    return AddressRead.of(address)


@router.patch("/{address_id}", responses=problem_responses(*VERSIONED, RightMissingError, CatchAllTakenError))
async def change_address(
    *,
    address_id: UUID,
    body: AddressChange,
    caller: AddressChanger,
    version: IfMatch,
    session: Session,
    response: Response,
) -> AddressRead:
    """Change an address: managers all of it, others the switches they hold the right for."""
    address = await service.change_address(session, caller, address_id, version=version, changes=body.changes())
    set_etag(response, address.version)
    return AddressRead.of(address)


@router.delete("/{address_id}", status_code=HTTPStatus.NO_CONTENT, responses=problem_responses(*VERSIONED))
async def delete_address(address_id: UUID, caller: AddressChanger, version: IfMatch, session: Session) -> None:
    """Delete an address with its aliases, redirections, rights and passwords (managers). It takes effect at once."""
    await service.delete_address(session, caller, address_id, version=version)

"""Aliases over HTTP."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Response

from postroom_directory.addresses.callers import AddressChanger, AddressReader
from postroom_directory.addresses.errors import (
    AddressNotFoundError,
    ForeignDomainError,
    NameTakenError,
    RightMissingError,
)
from postroom_directory.aliases import service
from postroom_directory.aliases.errors import AliasNotFoundError, TooManyAliasesError
from postroom_directory.aliases.schemas import AliasAdd, AliasRead
from postroom_shared.errors import PreconditionFailedError, PreconditionRequiredError
from postroom_shared.http.dependencies import Session
from postroom_shared.http.etag import IfMatch, set_etag
from postroom_shared.http.pages import BadCursorError, Page, Paging, page_of
from postroom_shared.http.problem import problem_responses

router = APIRouter(prefix="/v1/addresses/{address_id}/aliases", tags=["addresses"])


@router.get("", responses=problem_responses(BadCursorError, AddressNotFoundError))
async def list_aliases(address_id: UUID, query: Paging, caller: AddressReader, session: Session) -> Page[AliasRead]:
    """List the aliases of an address, in their order."""
    found = await service.list_aliases(session, caller, query, address_id)
    page = page_of(found, limit=query.limit, key=lambda each: (each.alias, each.id))
    return Page(items=[AliasRead.model_validate(each) for each in page.items], next=page.next)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    responses=problem_responses(
        AddressNotFoundError, RightMissingError, ForeignDomainError, NameTakenError, TooManyAliasesError
    ),
)
async def add_alias(
    address_id: UUID, body: AliasAdd, caller: AddressChanger, session: Session, response: Response
) -> AliasRead:
    """Give an address a further name (right `aliases.manage`). It takes mail and may send with the answer."""
    alias = await service.add_alias(session, caller, address_id, alias=body.alias)
    response.headers["Location"] = f"/v1/addresses/{address_id}/aliases/{alias.id}"
    set_etag(response, alias.version)
    return AliasRead.model_validate(alias)


@router.get("/{alias_id}", responses=problem_responses(AddressNotFoundError, AliasNotFoundError))
async def read_alias(
    address_id: UUID, alias_id: UUID, caller: AddressReader, session: Session, response: Response
) -> AliasRead:
    """Read one alias."""
    alias = await service.read_alias(session, caller, address_id, alias_id)
    set_etag(response, alias.version)
    return AliasRead.model_validate(alias)


@router.delete(
    "/{alias_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problem_responses(
        AddressNotFoundError,
        RightMissingError,
        AliasNotFoundError,
        PreconditionFailedError,
        PreconditionRequiredError,
    ),
)
async def remove_alias(
    address_id: UUID, alias_id: UUID, caller: AddressChanger, version: IfMatch, session: Session
) -> None:
    """Take a name away from an address (right `aliases.manage`)."""
    await service.remove_alias(session, caller, address_id, alias_id, version=version)

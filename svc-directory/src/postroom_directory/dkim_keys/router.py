"""DKIM keys over HTTP."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from postroom_directory.dependencies import Changer, OfficeSession, Reader
from postroom_directory.dkim_keys import service
from postroom_directory.dkim_keys.errors import DkimKeyNotFoundError, DkimKeyStateError, SelectorTakenError
from postroom_directory.dkim_keys.schemas import DkimKeyCreate, DkimKeyRead, SigningKey, SigningKeys
from postroom_directory.domains.errors import DomainNotFoundError
from postroom_directory.mail_services.errors import MailServiceNotFoundError
from postroom_directory.vault import OpenVault
from postroom_directory.visibility import NotManagerError
from postroom_shared.errors import PreconditionFailedError, PreconditionRequiredError
from postroom_shared.http.dependencies import OpenSession
from postroom_shared.http.etag import IfMatch, set_etag
from postroom_shared.http.identity import service_caller
from postroom_shared.http.pages import BadCursorError, Page, Paging, page_of
from postroom_shared.http.problem import problem_responses
from postroom_shared.principal import ServicePrincipal
from postroom_shared.values import Domain

router = APIRouter(tags=["mail services"])
Signer = Annotated[ServicePrincipal, Depends(service_caller("smtp-guard"))]
PATH = "/v1/mail-services/{mail_service_id}/dkim-keys"
SEEN = (MailServiceNotFoundError, NotManagerError)
CHANGE_PROBLEMS = (
    *SEEN,
    DkimKeyNotFoundError,
    DkimKeyStateError,
    PreconditionFailedError,
    PreconditionRequiredError,
)


@router.get(PATH, responses=problem_responses(BadCursorError, *SEEN))
async def list_dkim_keys(
    mail_service_id: UUID, query: Paging, caller: Reader, session: OfficeSession
) -> Page[DkimKeyRead]:
    """List the DKIM keys of a mail service, oldest first (managers, operator)."""
    found = await service.list_dkim_keys(session, caller, query, mail_service_id)
    page = page_of(found, limit=query.limit, key=lambda each: (each.id,))
    return Page(items=[DkimKeyRead.model_validate(each) for each in page.items], next=page.next)


@router.post(
    PATH,
    status_code=HTTPStatus.CREATED,
    responses=problem_responses(*SEEN, DomainNotFoundError, SelectorTakenError),
)
async def create_dkim_key(
    *,
    mail_service_id: UUID,
    body: DkimKeyCreate,
    caller: Changer,
    session: OfficeSession,
    vault: OpenVault,
    response: Response,
) -> DkimKeyRead:
    """Make a key pair for a domain (managers, operator). Publish the record it shows, then activate it."""
    key = await service.create_dkim_key(
        session,
        vault,
        caller,
        mail_service_id,
        domain=body.domain,
        algorithm=body.algorithm,
        selector=body.selector,
    )
    response.headers["Location"] = f"/v1/mail-services/{mail_service_id}/dkim-keys/{key.id}"
    set_etag(response, key.version)
    return DkimKeyRead.model_validate(key)


@router.get(PATH + "/{key_id}", responses=problem_responses(*SEEN, DkimKeyNotFoundError))
async def read_dkim_key(
    mail_service_id: UUID, key_id: UUID, caller: Reader, session: OfficeSession, response: Response
) -> DkimKeyRead:
    """Read one DKIM key and its record (managers, operator)."""
    key = await service.read_dkim_key(session, caller, mail_service_id, key_id)
    set_etag(response, key.version)
    return DkimKeyRead.model_validate(key)


@router.post(PATH + "/{key_id}:activate", responses=problem_responses(*CHANGE_PROBLEMS))
async def activate_dkim_key(
    *,
    mail_service_id: UUID,
    key_id: UUID,
    caller: Changer,
    version: IfMatch,
    session: OfficeSession,
    response: Response,
) -> DkimKeyRead:
    """Let a key sign (managers, operator); the one of the same algorithm that signed before is retired."""
    key = await service.activate_dkim_key(session, caller, mail_service_id, key_id, version=version)
    set_etag(response, key.version)
    return DkimKeyRead.model_validate(key)


@router.post(PATH + "/{key_id}:retire", responses=problem_responses(*CHANGE_PROBLEMS))
async def retire_dkim_key(
    *,
    mail_service_id: UUID,
    key_id: UUID,
    caller: Changer,
    version: IfMatch,
    session: OfficeSession,
    response: Response,
) -> DkimKeyRead:
    """Let a key sign no more (managers, operator). Leave its record for a week, for mail on its way."""
    key = await service.retire_dkim_key(session, caller, mail_service_id, key_id, version=version)
    set_etag(response, key.version)
    return DkimKeyRead.model_validate(key)


@router.delete(PATH + "/{key_id}", status_code=HTTPStatus.NO_CONTENT, responses=problem_responses(*CHANGE_PROBLEMS))
async def remove_dkim_key(
    mail_service_id: UUID, key_id: UUID, caller: Changer, version: IfMatch, session: OfficeSession
) -> None:
    """Delete a key that does not sign (managers, operator)."""
    await service.remove_dkim_key(session, caller, mail_service_id, key_id, version=version)


@router.get("/internal/v1/dkim-keys", include_in_schema=False)
async def read_signing_keys(
    _: Signer, domain: Annotated[Domain, Query()], session: OpenSession, vault: OpenVault
) -> SigningKeys:
    """Give svc-smtp-guard the keys that sign the mail of a domain."""
    opened = await service.read_signing_keys(session, vault, domain)
    return SigningKeys(
        items=[
            SigningKey(
                id=each.key.id,
                domain=each.key.domain,
                selector=each.key.selector,
                algorithm=each.key.algorithm,
                private_key=each.private_pem,
                version=each.key.version,
            )
            for each in opened
        ]
    )

"""Domains over HTTP."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Response

from postroom_directory.dependencies import Changer, OfficeSession, Operator, Reader
from postroom_directory.domains import service
from postroom_directory.domains.errors import (
    DomainInUseError,
    DomainIsAliasError,
    DomainIsPrimaryError,
    DomainNotFoundError,
    DomainTakenError,
)
from postroom_directory.domains.schemas import DomainAdd, DomainRead
from postroom_directory.mail_services.errors import MailServiceNotFoundError
from postroom_directory.visibility import NotManagerError
from postroom_shared.errors import PreconditionFailedError, PreconditionRequiredError
from postroom_shared.http.etag import IfMatch, set_etag
from postroom_shared.http.pages import BadCursorError, Page, Paging, page_of
from postroom_shared.http.problem import problem_responses

router = APIRouter(prefix="/v1/mail-services/{mail_service_id}/domains", tags=["mail services"])


@router.get("", responses=problem_responses(BadCursorError, MailServiceNotFoundError))
async def list_domains(
    mail_service_id: UUID, query: Paging, caller: Reader, session: OfficeSession
) -> Page[DomainRead]:
    """List the domains of a mail service, by name."""
    found = await service.list_domains(session, caller, query, mail_service_id)
    page = page_of(found, limit=query.limit, key=lambda each: (each.name, each.id))
    return Page(items=[DomainRead.model_validate(each) for each in page.items], next=page.next)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    responses=problem_responses(MailServiceNotFoundError, DomainNotFoundError, DomainTakenError, DomainIsAliasError),
)
async def add_domain(
    mail_service_id: UUID, body: DomainAdd, caller: Operator, session: OfficeSession, response: Response
) -> DomainRead:
    """Give a mail service a further domain, or an alias domain (operator): whoever adds a domain gets its mail."""
    domain = await service.add_domain(session, caller, mail_service_id, name=body.name, alias_of=body.alias_of)
    response.headers["Location"] = f"/v1/mail-services/{mail_service_id}/domains/{domain.id}"
    set_etag(response, domain.version)
    return DomainRead.model_validate(domain)


@router.get("/{domain_id}", responses=problem_responses(MailServiceNotFoundError, DomainNotFoundError))
async def read_domain(
    mail_service_id: UUID, domain_id: UUID, caller: Reader, session: OfficeSession, response: Response
) -> DomainRead:
    """Read one domain."""
    domain = await service.read_domain(session, caller, mail_service_id, domain_id)
    set_etag(response, domain.version)
    return DomainRead.model_validate(domain)


@router.post(
    "/{domain_id}:make-primary",
    responses=problem_responses(MailServiceNotFoundError, DomainNotFoundError, NotManagerError, DomainIsAliasError),
)
async def make_domain_primary(
    mail_service_id: UUID, domain_id: UUID, caller: Changer, session: OfficeSession, response: Response
) -> DomainRead:
    """Make a domain the one the mail service is known by (managers, operator)."""
    domain = await service.make_primary(session, caller, mail_service_id, domain_id)
    set_etag(response, domain.version)
    return DomainRead.model_validate(domain)


@router.delete(
    "/{domain_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problem_responses(
        MailServiceNotFoundError,
        DomainNotFoundError,
        DomainInUseError,
        DomainIsPrimaryError,
        PreconditionFailedError,
        PreconditionRequiredError,
    ),
)
async def remove_domain(
    mail_service_id: UUID, domain_id: UUID, caller: Operator, version: IfMatch, session: OfficeSession
) -> None:
    """Take a domain away from a mail service (operator)."""
    await service.remove_domain(session, caller, mail_service_id, domain_id, version=version)

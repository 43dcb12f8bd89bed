"""Mail services over HTTP."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from postroom_directory.dependencies import Changer, OfficeSession, Operator, Reader
from postroom_directory.domains.errors import DomainTakenError
from postroom_directory.mail_services import service
from postroom_directory.mail_services.errors import (
    MailServiceNotEmptyError,
    MailServiceNotFoundError,
    UnknownReferenceError,
)
from postroom_directory.mail_services.schemas import (
    MailServiceChange,
    MailServiceCreate,
    MailServiceQuery,
    MailServiceRead,
    PlanSet,
)
from postroom_directory.visibility import NotManagerError
from postroom_shared.errors import PreconditionFailedError, PreconditionRequiredError
from postroom_shared.http.etag import IfMatch, set_etag
from postroom_shared.http.pages import BadCursorError, Page, page_of
from postroom_shared.http.problem import problem_responses

router = APIRouter(prefix="/v1/mail-services", tags=["mail services"])
CHANGE_PROBLEMS = (MailServiceNotFoundError, NotManagerError, PreconditionFailedError, PreconditionRequiredError)


@router.get("", responses=problem_responses(BadCursorError))
async def list_mail_services(
    query: Annotated[MailServiceQuery, Query()], caller: Reader, session: OfficeSession
) -> Page[MailServiceRead]:
    """List mail services by name: the operator sees all, managers their own, others those they have an address on."""
    found = await service.list_mail_services(session, caller, query, organisation_id=query.organisation_id)
    page = page_of(found, limit=query.limit, key=lambda each: (each.name, each.id))
    return Page(items=[MailServiceRead.of(each) for each in page.items], next=page.next)


@router.post("", status_code=HTTPStatus.CREATED, responses=problem_responses(DomainTakenError, UnknownReferenceError))
async def create_mail_service(
    body: MailServiceCreate, _: Operator, session: OfficeSession, response: Response
) -> MailServiceRead:
    """Create a mail service with its first domain (operator)."""
    created = await service.create_mail_service(
        session, **{name: getattr(body, name) for name in type(body).model_fields}
    )
    response.headers["Location"] = f"/v1/mail-services/{created.id}"
    set_etag(response, created.version)
    return MailServiceRead.of(created)


@router.get("/{mail_service_id}", responses=problem_responses(MailServiceNotFoundError))
async def read_mail_service(
    mail_service_id: UUID, caller: Reader, session: OfficeSession, response: Response
) -> MailServiceRead:
    """Read one mail service."""
    found = await service.read_mail_service(session, caller, mail_service_id)
    set_etag(response, found.version)
    return MailServiceRead.of(found)


@router.patch("/{mail_service_id}", responses=problem_responses(*CHANGE_PROBLEMS))
async def change_mail_service(
    *,
    mail_service_id: UUID,
    body: MailServiceChange,
    caller: Changer,
    version: IfMatch,
    session: OfficeSession,
    response: Response,
) -> MailServiceRead:
    """Change name, language, time zone or default rights (managers, operator)."""
    changed = await service.change_mail_service(
        session, caller, mail_service_id, version=version, changes=body.changes()
    )
    set_etag(response, changed.version)
    return MailServiceRead.of(changed)


@router.put("/{mail_service_id}/plan", responses=problem_responses(*CHANGE_PROBLEMS))
async def set_plan(
    *,
    mail_service_id: UUID,
    body: PlanSet,
    caller: Operator,
    version: IfMatch,
    session: OfficeSession,
    response: Response,
) -> MailServiceRead:
    """Put the mail service under another plan (operator). `logs_since` says from when a longer retention counts."""
    changed = await service.set_plan(
        session,
        caller,
        mail_service_id,
        version=version,
        plan=body.plan,
        log_retention_days=body.log_retention_days,
    )
    set_etag(response, changed.version)
    return MailServiceRead.of(changed)


@router.delete(
    "/{mail_service_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problem_responses(*CHANGE_PROBLEMS, MailServiceNotEmptyError),
)
async def remove_mail_service(
    mail_service_id: UUID, caller: Operator, version: IfMatch, session: OfficeSession
) -> None:
    """Delete a mail service that has no addresses and no keys left (operator)."""
    await service.remove_mail_service(session, caller, mail_service_id, version=version)

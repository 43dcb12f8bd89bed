"""Application passwords over HTTP."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Request, Response

from postroom_directory.addresses.callers import AddressChanger, AddressReader
from postroom_directory.addresses.errors import AddressNotFoundError, NoMailboxError, RightMissingError
from postroom_directory.application_passwords import service
from postroom_directory.application_passwords.errors import (
    AlreadyExpiredError,
    ApplicationPasswordNotFoundError,
    TooManyApplicationPasswordsError,
)
from postroom_directory.application_passwords.schemas import (
    ApplicationPasswordCreate,
    ApplicationPasswordCreated,
    ApplicationPasswordRead,
)
from postroom_shared.errors import PreconditionFailedError, PreconditionRequiredError
from postroom_shared.http.dependencies import Session
from postroom_shared.http.etag import IfMatch, set_etag
from postroom_shared.http.pages import BadCursorError, Page, Paging, page_of
from postroom_shared.http.problem import problem_responses

router = APIRouter(prefix="/v1/addresses/{address_id}/application-passwords", tags=["addresses"])
SEEN = (AddressNotFoundError, RightMissingError)


def _do_not_keep_answer(request: Request) -> None:
    """Keep the secret out of the answers stored for `Idempotency-Key`: a repeat is told `shared/answer-lost`."""
    request.scope.get("state", {}).pop("idempotency_claim", None)


@router.get("", responses=problem_responses(BadCursorError, *SEEN))
async def list_application_passwords(
    address_id: UUID, query: Paging, caller: AddressReader, session: Session
) -> Page[ApplicationPasswordRead]:
    """List the application passwords of an address, oldest first, without the secrets (right `devices.manage`)."""
    found = await service.list_application_passwords(session, caller, query, address_id)
    page = page_of(found, limit=query.limit, key=lambda each: (each.id,))
    return Page(items=[ApplicationPasswordRead.of(each) for each in page.items], next=page.next)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    responses=problem_responses(*SEEN, NoMailboxError, AlreadyExpiredError, TooManyApplicationPasswordsError),
)
async def create_application_password(
    *,
    address_id: UUID,
    body: ApplicationPasswordCreate,
    caller: AddressChanger,
    session: Session,
    request: Request,
    response: Response,
) -> ApplicationPasswordCreated:
    """Make a secret for one device or program (right `devices.manage`). It is shown in this answer only."""
    made = await service.create_application_password(
        session, caller, address_id, name=body.name, protocols=body.protocols, expires_at=body.expires_at
    )
    _do_not_keep_answer(request)
    response.headers["Location"] = f"/v1/addresses/{address_id}/application-passwords/{made.stored.id}"
    response.headers["Cache-Control"] = "no-store"
    set_etag(response, made.stored.version)
    return ApplicationPasswordCreated.with_secret(made.stored, made.text)


@router.get("/{password_id}", responses=problem_responses(*SEEN, ApplicationPasswordNotFoundError))
async def read_application_password(
    address_id: UUID, password_id: UUID, caller: AddressReader, session: Session, response: Response
) -> ApplicationPasswordRead:
    """Read one application password, without the secret (right `devices.manage`)."""
    found = await service.read_application_password(session, caller, address_id, password_id)
    set_etag(response, found.version)
    return ApplicationPasswordRead.of(found)


@router.delete(
    "/{password_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problem_responses(
        *SEEN, ApplicationPasswordNotFoundError, PreconditionFailedError, PreconditionRequiredError
    ),
)
async def remove_application_password(
    address_id: UUID, password_id: UUID, caller: AddressChanger, version: IfMatch, session: Session
) -> None:
    """Take an application password away (right `devices.manage`). It opens nothing from the answer on."""
    await service.remove_application_password(session, caller, address_id, password_id, version=version)

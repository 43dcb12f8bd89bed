"""Mail servers over HTTP."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from postroom_directory.dependencies import OfficeSession, Operator, Reader
from postroom_directory.mail_servers import service
from postroom_directory.mail_servers.domain import Endpoint
from postroom_directory.mail_servers.errors import (
    CertificateUnreadableError,
    MailServerInUseError,
    MailServerNameTakenError,
    MailServerNotFoundError,
    MasterLoginMissingError,
)
from postroom_directory.mail_servers.schemas import (
    EndpointSchema,
    MailServerCreate,
    MailServerRead,
    MailServerUpdate,
    MasterLoginRead,
    MasterLoginSet,
)
from postroom_directory.vault import OpenVault
from postroom_shared.errors import PreconditionFailedError, PreconditionRequiredError
from postroom_shared.http.dependencies import OpenSession
from postroom_shared.http.etag import IfMatch, set_etag
from postroom_shared.http.identity import service_caller
from postroom_shared.http.pages import BadCursorError, Page, Paging, decode_cursor, page_of
from postroom_shared.http.problem import problem_responses
from postroom_shared.principal import ServicePrincipal

router = APIRouter(tags=["mail servers"])

MasterUser = Annotated[ServicePrincipal, Depends(service_caller("import", "templates"))]
VERSIONED = (MailServerNotFoundError, PreconditionFailedError, PreconditionRequiredError)


def _endpoint(schema: EndpointSchema | None) -> Endpoint | None:
    return Endpoint(host=schema.host, port=schema.port, tls=schema.tls) if schema else None


@router.get("/v1/mail-servers", responses=problem_responses(BadCursorError))
async def list_mail_servers(caller: Reader, session: OfficeSession, paging: Paging) -> Page[MailServerRead]:
    """List mail servers: the operator sees all, others those their mail services are on."""
    after = str(decode_cursor(paging.cursor, width=1)[0]) if paging.cursor else None
    found = await service.list_mail_servers(session, caller, after=after, limit=paging.limit)
    servers = [MailServerRead.model_validate(server) for server in found]
    return page_of(servers, limit=paging.limit, key=lambda server: (server.name,))


@router.post(
    "/v1/mail-servers",
    status_code=HTTPStatus.CREATED,
    responses=problem_responses(MailServerNameTakenError, CertificateUnreadableError),
)
async def add_mail_server(
    _: Operator, session: OfficeSession, body: MailServerCreate, response: Response
) -> MailServerRead:
    """Make a mail server known to the suite."""
    endpoints = {name: _endpoint(getattr(body, name)) for name in ("imap", "managesieve", "lmtp", "smtp")}
    server = await service.add_mail_server(session, name=body.name, endpoints=endpoints, tls_ca_pem=body.tls_ca_pem)
    response.headers["Location"] = f"/v1/mail-servers/{server.id}"
    set_etag(response, server.version)
    return MailServerRead.model_validate(server)


@router.get("/v1/mail-servers/{mail_server_id}", responses=problem_responses(MailServerNotFoundError))
async def read_mail_server(
    caller: Reader, session: OfficeSession, mail_server_id: UUID, response: Response
) -> MailServerRead:
    """Read one mail server."""
    server = await service.read_mail_server(session, caller, mail_server_id)
    set_etag(response, server.version)
    return MailServerRead.model_validate(server)


@router.patch(
    "/v1/mail-servers/{mail_server_id}",
    responses=problem_responses(*VERSIONED, MailServerNameTakenError, CertificateUnreadableError),
)
async def change_mail_server(
    _: Operator,
    session: OfficeSession,
    mail_server_id: UUID,
    version: IfMatch,
    body: MailServerUpdate,
    response: Response,
) -> MailServerRead:
    """Change a mail server."""
    changes = {
        name: _endpoint(value) if isinstance(value, EndpointSchema) else value for name, value in body.changes().items()
    }
    server = await service.change_mail_server(session, mail_server_id, version=version, changes=changes)
    set_etag(response, server.version)
    return MailServerRead.model_validate(server)


@router.delete(
    "/v1/mail-servers/{mail_server_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problem_responses(*VERSIONED, MailServerInUseError),
)
async def remove_mail_server(_: Operator, session: OfficeSession, mail_server_id: UUID, version: IfMatch) -> None:
    """Forget a mail server that no mail service is on."""
    await service.remove_mail_server(session, mail_server_id, version=version)


@router.put(
    "/v1/mail-servers/{mail_server_id}/master-login",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problem_responses(MailServerNotFoundError),
)
async def set_master_login(
    _: Operator, session: OfficeSession, vault: OpenVault, mail_server_id: UUID, body: MasterLoginSet
) -> None:
    """Set the login with which services act for mailboxes. It is sealed and never shown again."""
    await service.set_master_login(
        session, vault, mail_server_id, user=body.user, secret=body.secret.get_secret_value()
    )


@router.delete(
    "/v1/mail-servers/{mail_server_id}/master-login",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problem_responses(MailServerNotFoundError),
)
async def remove_master_login(_: Operator, session: OfficeSession, mail_server_id: UUID) -> None:
    """Take the master login away."""
    await service.remove_master_login(session, mail_server_id)


@router.get(
    "/internal/v1/mail-servers/{mail_server_id}/master-login",
    include_in_schema=False,
    responses=problem_responses(MailServerNotFoundError, MasterLoginMissingError),
)
async def read_master_login(
    _: MasterUser, session: OpenSession, vault: OpenVault, mail_server_id: UUID
) -> MasterLoginRead:
    """Give a service of the suite the master login."""
    login = await service.read_master_login(session, vault, mail_server_id)
    return MasterLoginRead(user=login.user, secret=login.secret, version=login.version)

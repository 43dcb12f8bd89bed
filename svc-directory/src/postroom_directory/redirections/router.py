"""Redirections over HTTP."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from postroom_directory.addresses.callers import AddressChanger, AddressReader
from postroom_directory.addresses.errors import AddressNotFoundError, RightMissingError
from postroom_directory.redirections import service
from postroom_directory.redirections.errors import (
    AlreadyConfirmedError,
    RedirectionExistsError,
    RedirectionLoopError,
    RedirectionNotFoundError,
    TokenInvalidError,
    TooManyRedirectionsError,
)
from postroom_directory.redirections.schemas import (
    IssuedToken,
    RedirectionAdd,
    RedirectionConfirm,
    RedirectionConfirmed,
    RedirectionRead,
)
from postroom_shared.errors import PreconditionFailedError, PreconditionRequiredError
from postroom_shared.http.dependencies import OpenSession, Session
from postroom_shared.http.etag import IfMatch, set_etag
from postroom_shared.http.identity import service_caller
from postroom_shared.http.pages import BadCursorError, Page, Paging, page_of
from postroom_shared.http.problem import problem_responses
from postroom_shared.principal import ServicePrincipal

router = APIRouter(tags=["addresses"])
MailWriter = Annotated[ServicePrincipal, Depends(service_caller("templates"))]
PATH = "/v1/addresses/{address_id}/redirections"
SEEN = (AddressNotFoundError, RightMissingError)


@router.get(PATH, responses=problem_responses(BadCursorError, *SEEN))
async def list_redirections(
    address_id: UUID, query: Paging, caller: AddressReader, session: Session
) -> Page[RedirectionRead]:
    """List the redirections of an address, by target (right `redirections.manage`)."""
    found = await service.list_redirections(session, caller, query, address_id)
    page = page_of(found, limit=query.limit, key=lambda each: (each.target, each.id))
    return Page(items=[RedirectionRead.model_validate(each) for each in page.items], next=page.next)


@router.post(
    PATH,
    status_code=HTTPStatus.CREATED,
    responses=problem_responses(*SEEN, RedirectionExistsError, RedirectionLoopError, TooManyRedirectionsError),
)
async def redirect_address(
    address_id: UUID, body: RedirectionAdd, caller: AddressChanger, session: Session, response: Response
) -> RedirectionRead:
    """Ask for a redirection (right `redirections.manage`). Whoever reads the target's mail has to agree first.

    The mail that asks them is written, and confirmed redirections are carried out, with svc-templates installed.
    """
    redirection = await service.redirect(session, caller, address_id, target=body.target, keep_copy=body.keep_copy)
    response.headers["Location"] = f"/v1/addresses/{address_id}/redirections/{redirection.id}"
    set_etag(response, redirection.version)
    return RedirectionRead.model_validate(redirection)


@router.get(PATH + "/{redirection_id}", responses=problem_responses(*SEEN, RedirectionNotFoundError))
async def read_redirection(
    address_id: UUID, redirection_id: UUID, caller: AddressReader, session: Session, response: Response
) -> RedirectionRead:
    """Read one redirection (right `redirections.manage`)."""
    redirection = await service.read_redirection(session, caller, address_id, redirection_id)
    set_etag(response, redirection.version)
    return RedirectionRead.model_validate(redirection)


@router.delete(
    PATH + "/{redirection_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problem_responses(*SEEN, RedirectionNotFoundError, PreconditionFailedError, PreconditionRequiredError),
)
async def remove_redirection(
    address_id: UUID, redirection_id: UUID, caller: AddressChanger, version: IfMatch, session: Session
) -> None:
    """Redirect no longer (right `redirections.manage`)."""
    await service.remove_redirection(session, caller, address_id, redirection_id, version=version)


@router.post("/v1/redirections:confirm", responses=problem_responses(TokenInvalidError))
async def confirm_redirection(body: RedirectionConfirm, session: OpenSession) -> RedirectionConfirmed:
    """Agree to a redirection with the token of the link; nobody needs to be signed in, and it works once."""
    redirection = await service.confirm_redirection(session, token=body.token)
    return RedirectionConfirmed(target=redirection.target, state=redirection.state)


@router.post(
    "/internal/v1/redirections/{redirection_id}:issue-token",
    include_in_schema=False,
    responses=problem_responses(RedirectionNotFoundError, AlreadyConfirmedError),
)
async def issue_redirection_token(_: MailWriter, redirection_id: UUID, session: OpenSession) -> IssuedToken:
    """Give the service that writes the mail a fresh token; tokens before are no longer good."""
    mail = await service.issue_token(session, redirection_id)
    expires_at = mail.redirection.token_expires_at
    assert expires_at is not None  # noqa: S101 - a token was just made
    return IssuedToken(
        token=mail.token,
        target=mail.redirection.target,
        address=mail.address,
        language=mail.language,
        expires_at=expires_at,
    )

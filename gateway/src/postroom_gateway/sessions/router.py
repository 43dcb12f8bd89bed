"""Sign in, stay signed in, sign out."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_gateway.dependencies import AccountHolder, GatewayParts, PersonSession
from postroom_gateway.person_rows import transaction_of_gateway
from postroom_gateway.resources import Gateway
from postroom_gateway.sessions import service
from postroom_gateway.sessions.cookies import clear_cookies, set_cookies
from postroom_gateway.sessions.domain import SignedInSession, client_family
from postroom_gateway.sessions.errors import (
    NoSuchSessionError,
    NotAMemberError,
    NotASessionError,
    SessionOverError,
    SignInUnavailableError,
    TooManySignInsError,
    WrongCredentialsError,
)
from postroom_gateway.sessions.schemas import CurrentSession, OrganisationChoice, SessionView, SignIn
from postroom_gateway.sessions.service import IssuedSession
from postroom_gateway.sessions.sign_in import Attempt, sign_in
from postroom_shared.http.pages import Page
from postroom_shared.http.problem import problem_responses
from postroom_shared.projection import memberships_of

router = APIRouter(prefix="/v1", tags=["session"])

UserAgent = Annotated[str, Header(include_in_schema=False)]


@router.post(
    "/session",
    status_code=HTTPStatus.CREATED,
    responses=problem_responses(WrongCredentialsError, NotAMemberError, TooManySignInsError, SignInUnavailableError),
)
async def start_session(
    body: SignIn, request: Request, response: Response, gateway: GatewayParts, user_agent: UserAgent = ""
) -> CurrentSession:
    """Sign in with e-mail and password. The tokens are set as cookies; the answer holds the CSRF token."""
    attempt = Attempt(
        email=body.email,
        password=body.password,
        organisation_id=body.organisation_id,
        client_address=request.state.client_address,
        client=client_family(user_agent),
    )
    issued = await sign_in(gateway, attempt)
    return await _answer(gateway, issued, response)


@router.post("/session:refresh", responses=problem_responses(SessionOverError))
async def refresh_session(request: Request, response: Response, gateway: GatewayParts) -> CurrentSession:
    """Exchange the refresh cookie for fresh cookies. A refresh token that was replaced long ago ends the session."""
    token = request.cookies.get(gateway.cookies.refresh)
    if not token:
        raise SessionOverError
    async with transaction_of_gateway(gateway.sessions) as session:
        issued = await service.refresh_session(session, token, policy=gateway.policy, now=datetime.now(UTC))
    if issued is None:
        raise SessionOverError
    return await _answer(gateway, issued, response)


@router.get("/session", responses=problem_responses(NotASessionError))
async def get_session(session: PersonSession, caller: AccountHolder, gateway: GatewayParts) -> CurrentSession:
    """Return the session of this browser, with its CSRF token and the organisations to choose from."""
    return await _view(session, await service.own_session(session, caller), gateway)


@router.delete("/session", status_code=HTTPStatus.NO_CONTENT, responses=problem_responses(NotASessionError))
async def end_session(session: PersonSession, caller: AccountHolder, gateway: GatewayParts, response: Response) -> None:
    """Sign out."""
    await service.sign_out(session, caller, now=datetime.now(UTC))
    gateway.identities.forget(caller.person_id)  # the notification comes after the commit, perhaps after the answer
    clear_cookies(response, gateway.cookies)


@router.post("/session:switch-organisation", responses=problem_responses(NotASessionError, NotAMemberError))
async def switch_organisation(
    body: OrganisationChoice, session: PersonSession, caller: AccountHolder, gateway: GatewayParts
) -> CurrentSession:
    """Act in another of my organisations from now on."""
    await service.switch_organisation(session, caller, body.organisation_id)
    gateway.identities.forget(caller.person_id)
    return await _view(session, await service.own_session(session, caller), gateway)


@router.get("/sessions")
async def list_sessions(session: PersonSession, caller: AccountHolder, gateway: GatewayParts) -> Page[SessionView]:
    """List my sessions, last used first."""
    found = await service.list_sessions(session, caller, policy=gateway.policy, now=datetime.now(UTC))
    return Page(items=[SessionView.of(each, caller) for each in found], next=None)


@router.delete(
    "/sessions/{session_id}", status_code=HTTPStatus.NO_CONTENT, responses=problem_responses(NoSuchSessionError)
)
async def revoke_session(
    session_id: UUID, session: PersonSession, caller: AccountHolder, gateway: GatewayParts
) -> None:
    """End one of my sessions, on this device or another."""
    await service.end_session(session, caller, session_id, now=datetime.now(UTC))
    gateway.identities.forget(caller.person_id)


async def _answer(gateway: Gateway, issued: IssuedSession, response: Response) -> CurrentSession:
    settings = gateway.settings
    set_cookies(
        response,
        issued,
        gateway.cookies,
        access_s=settings.access_lifetime_s,
        refresh_s=min(settings.session_idle_s, settings.session_lifetime_s),
    )
    async with transaction_of_gateway(gateway.sessions) as session:
        return await _view(session, issued.session, gateway)


async def _view(session: AsyncSession, signed_in: SignedInSession, gateway: Gateway) -> CurrentSession:
    memberships = await memberships_of(session, signed_in.person_id)
    return CurrentSession.of(signed_in, memberships, refresh_after_s=gateway.settings.access_lifetime_s)

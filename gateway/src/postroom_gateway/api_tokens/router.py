"""Personal API tokens, for programs."""

from datetime import UTC, datetime
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Response

from postroom_gateway.api_tokens import service
from postroom_gateway.api_tokens.errors import NoSuchTokenError, PastExpiryError, TooManyTokensError
from postroom_gateway.api_tokens.schemas import ApiTokenCreate, ApiTokenCreated, ApiTokenView
from postroom_gateway.dependencies import AccountHolder, GatewayParts, PersonSession, TokenHolder, TokenSession
from postroom_shared.http.identity import MissingScopeError, NoOrganisationError
from postroom_shared.http.pages import Page
from postroom_shared.http.problem import problem_responses

router = APIRouter(prefix="/v1/api-tokens", tags=["API tokens"])


@router.get("")
async def list_api_tokens(session: PersonSession, caller: AccountHolder) -> Page[ApiTokenView]:
    """List my API tokens in the acting organisation, newest first."""
    tokens = await service.list_tokens(session, caller)
    return Page(items=[ApiTokenView.of(each) for each in tokens], next=None)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    responses=problem_responses(NoOrganisationError, MissingScopeError, PastExpiryError, TooManyTokensError),
)
async def create_api_token(
    body: ApiTokenCreate, session: PersonSession, caller: AccountHolder, gateway: GatewayParts, response: Response
) -> ApiTokenCreated:
    """Make an API token for the acting organisation. Its secret is in this answer and nowhere else."""
    wanted = service.WantedToken(name=body.name, scopes=frozenset(body.scopes), expires_at=body.expires_at)
    token, secret = await service.create_token(
        session, caller, wanted, max_tokens=gateway.settings.max_api_tokens, now=datetime.now(UTC)
    )
    response.headers["Cache-Control"] = "no-store"
    return ApiTokenCreated(token=ApiTokenView.of(token), secret=secret)


@router.delete("/{token_id}", status_code=HTTPStatus.NO_CONTENT, responses=problem_responses(NoSuchTokenError))
async def revoke_api_token(token_id: UUID, session: TokenSession, caller: TokenHolder, gateway: GatewayParts) -> None:
    """Revoke one of my API tokens; it stops working at once. Any token may revoke itself."""
    await service.revoke_token(session, caller, token_id, now=datetime.now(UTC))
    gateway.identities.forget(caller.person_id)  # the notification comes after the commit, perhaps after the answer

"""Make, list and revoke API tokens. Every change is told as an event in the same transaction."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_gateway.api_tokens.domain import ApiToken, looks_like_token, new_token, uncovered_scopes
from postroom_gateway.api_tokens.errors import (
    MissingScopeError,
    NoOrganisationError,
    NoSuchTokenError,
    PastExpiryError,
    TooManyTokensError,
)
from postroom_gateway.api_tokens.repository import ApiTokens
from postroom_gateway.secrets_of_clients import digest
from postroom_shared.contracts.gateway import ApiTokenCreatedV1, ApiTokenRevokedV1
from postroom_shared.events.outbox import publish
from postroom_shared.principal import PersonPrincipal, Scope
from postroom_shared.values import uuid7


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedToken:
    """What a person asks for."""

    name: str
    scopes: frozenset[Scope]
    expires_at: datetime | None


async def create_token(
    session: AsyncSession, caller: PersonPrincipal, wanted: WantedToken, *, max_tokens: int, now: datetime
) -> tuple[ApiToken, str]:
    """Store a token for the acting organisation; return it and the secret, which nobody can read again.

    Raises:
        NoOrganisationError: The caller acts in none.
        MissingScopeError: The request itself came with a token that covers less.
        PastExpiryError: `wanted.expires_at` is over.
        TooManyTokensError: The caller has *max_tokens* in this organisation.
    """
    if caller.organisation_id is None:
        raise NoOrganisationError
    if uncovered := uncovered_scopes(wanted.scopes, caller.scopes):
        raise MissingScopeError(extra={"scope": uncovered[0]})
    if wanted.expires_at is not None and wanted.expires_at <= now:
        raise PastExpiryError
    tokens = ApiTokens(session)
    if await tokens.count(caller) >= max_tokens:
        raise TooManyTokensError
    secret = new_token()
    token = ApiToken(
        id=uuid7(),
        person_id=caller.person_id,
        organisation_id=caller.organisation_id,
        name=wanted.name,
        last_characters=secret[-4:],
        scopes=tuple(sorted(wanted.scopes)),
        created_at=now,
        expires_at=wanted.expires_at,
        last_used_on=None,
        revoked_at=None,
    )
    await tokens.add(token, token_hash=digest(secret))
    await publish(session, _created(token), organisation_id=token.organisation_id, subject_id=token.id)
    return token, secret


def _created(token: ApiToken) -> ApiTokenCreatedV1:
    return ApiTokenCreatedV1(
        token_id=token.id, person_id=token.person_id, scopes=token.scopes, expires_at=token.expires_at
    )


async def list_tokens(session: AsyncSession, caller: PersonPrincipal) -> list[ApiToken]:
    """Return the caller's tokens in the acting organisation, newest first, expired ones too."""
    return await ApiTokens(session).of_person(caller)


async def revoke_token(session: AsyncSession, caller: PersonPrincipal, token_id: UUID, *, now: datetime) -> None:
    """Make a token useless at once.

    Raises:
        NoSuchTokenError: It is not the caller's in the acting organisation.
    """
    if not await ApiTokens(session).revoke(caller, token_id, now=now):
        raise NoSuchTokenError
    event = ApiTokenRevokedV1(token_id=token_id, person_id=caller.person_id)
    await publish(session, event, organisation_id=caller.organisation_id, subject_id=token_id)


async def identify_token(session: AsyncSession, secret: str, *, now: datetime) -> ApiToken | None:
    """Return the token that *secret* is, and note the day; None when it opens nothing."""
    if not looks_like_token(secret):
        return None
    tokens = ApiTokens(session)
    token = await tokens.find_by_hash(digest(secret))
    if token is None or not token.opens(now):
        return None
    await tokens.note_use(token.id, now=now)
    return token

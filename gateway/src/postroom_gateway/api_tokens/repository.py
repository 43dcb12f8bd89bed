"""Every SQL statement about API tokens. The transaction is bound to a person, or to the gateway (`person_rows`)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_gateway.api_tokens.domain import ApiToken
from postroom_gateway.api_tokens.tables import ApiTokenRow
from postroom_shared.principal import PersonPrincipal


def _token(row: ApiTokenRow) -> ApiToken:
    values = {name: getattr(row, name) for name in ApiToken.__dataclass_fields__}
    return ApiToken(**values | {"scopes": tuple(row.scopes)})


def _own(caller: PersonPrincipal) -> ColumnElement[bool]:
    return and_(
        ApiTokenRow.person_id == caller.person_id,
        ApiTokenRow.organisation_id == caller.organisation_id,
        ApiTokenRow.revoked_at.is_(None),
    )


class ApiTokens:
    """The API tokens of the people whom the transaction may see."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find_by_hash(self, token_hash: bytes) -> ApiToken | None:
        """Return the token with this SHA-256."""
        row = await self._session.scalar(select(ApiTokenRow).where(ApiTokenRow.token_hash == token_hash))
        return _token(row) if row else None

    async def of_person(self, caller: PersonPrincipal) -> list[ApiToken]:
        """Return the caller's tokens in the acting organisation, newest first."""
        statement = select(ApiTokenRow).where(_own(caller)).order_by(ApiTokenRow.created_at.desc(), ApiTokenRow.id)
        return [_token(row) for row in await self._session.scalars(statement)]

    async def count(self, caller: PersonPrincipal) -> int:
        """Return how many tokens the caller has in the acting organisation."""
        return await self._session.scalar(select(func.count()).where(_own(caller))) or 0

    async def add(self, new: ApiToken, *, token_hash: bytes) -> None:
        """Store a token."""
        values = {name: getattr(new, name) for name in ApiToken.__dataclass_fields__}
        self._session.add(ApiTokenRow(**values | {"scopes": list(new.scopes)}, token_hash=token_hash))
        await self._session.flush()

    async def revoke(self, caller: PersonPrincipal, token_id: UUID, *, now: datetime) -> bool:
        """Revoke one of the caller's tokens; return False when there is none."""
        statement = update(ApiTokenRow).where(ApiTokenRow.id == token_id, _own(caller)).values(revoked_at=now)
        return await self._session.scalar(statement.returning(ApiTokenRow.id)) is not None

    async def note_use(self, token_id: UUID, *, now: datetime) -> None:
        """Remember the day of the use, at most one write a day."""
        today = now.date()
        stale = or_(ApiTokenRow.last_used_on.is_(None), ApiTokenRow.last_used_on < today)
        await self._session.execute(
            update(ApiTokenRow).where(ApiTokenRow.id == token_id, stale).values(last_used_on=today)
        )

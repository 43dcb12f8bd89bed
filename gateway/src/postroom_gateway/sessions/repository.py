"""Every SQL statement about sessions. The transaction is bound to a person, or to the gateway (`person_rows`)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_gateway.sessions.domain import SignedInSession, TokenPair
from postroom_gateway.sessions.tables import SessionRow, TokenPairRow
from postroom_shared.contracts.gateway import SessionEnd
from postroom_shared.principal import PersonPrincipal
from postroom_shared.projection.tables import PersonCopy

_ALIVE = SessionRow.ended_at.is_(None)


def _session(row: SessionRow) -> SignedInSession:
    return SignedInSession(**{name: getattr(row, name) for name in SignedInSession.__dataclass_fields__})


def _pair(row: TokenPairRow) -> TokenPair:
    return TokenPair(**{name: getattr(row, name) for name in TokenPair.__dataclass_fields__})


class SignedInSessions:
    """The sessions of the people whom the transaction may see."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find_by_access(self, access_hash: bytes) -> tuple[SignedInSession, TokenPair] | None:
        """Return the session and pair of an access token."""
        return await self._find(_with_pair().where(TokenPairRow.access_hash == access_hash))

    async def find_by_refresh(self, refresh_hash: bytes) -> tuple[SignedInSession, TokenPair] | None:
        """Return the session and pair of a refresh token, locked, so that refreshes come one after the other."""
        locked = _with_pair().where(TokenPairRow.refresh_hash == refresh_hash).with_for_update(of=SessionRow)
        return await self._find(locked)

    async def _find(self, statement: Select[SessionRow, TokenPairRow]) -> tuple[SignedInSession, TokenPair] | None:
        found = (await self._session.execute(statement.execution_options(populate_existing=True))).first()
        return (_session(found[0]), _pair(found[1])) if found else None

    async def of_person(self, caller: PersonPrincipal) -> list[SignedInSession]:
        """Return the person's sessions that have not ended, last used first."""
        statement = (
            select(SessionRow)
            .where(SessionRow.person_id == caller.person_id, _ALIVE)
            .order_by(SessionRow.last_used_at.desc(), SessionRow.id)
        )
        return [_session(row) for row in await self._session.scalars(statement)]

    async def get_own(self, caller: PersonPrincipal, session_id: UUID) -> SignedInSession | None:
        """Return one of the person's sessions that has not ended."""
        statement = select(SessionRow).where(
            SessionRow.id == session_id, SessionRow.person_id == caller.person_id, _ALIVE
        )
        row = await self._session.scalar(statement)
        return _session(row) if row else None

    async def add(self, new: SignedInSession) -> None:
        """Store a session that begins."""
        values = {name: getattr(new, name) for name in SignedInSession.__dataclass_fields__}
        self._session.add(SessionRow(**values, end_reason=None))
        await self._session.flush()

    async def add_pair(self, session_id: UUID, pair: TokenPair, *, access_hash: bytes, refresh_hash: bytes) -> None:
        """Store a token pair of a session."""
        values = {name: getattr(pair, name) for name in TokenPair.__dataclass_fields__}
        self._session.add(
            TokenPairRow(**values, session_id=session_id, access_hash=access_hash, refresh_hash=refresh_hash)
        )
        await self._session.flush()

    async def unreplaced_pairs(self, session_id: UUID) -> int:
        """Return how many pairs of a session no request has replaced."""
        statement = select(func.count()).where(
            TokenPairRow.session_id == session_id, TokenPairRow.replaced_at.is_(None)
        )
        return await self._session.scalar(statement) or 0

    async def replace_unused(self, session_id: UUID, kept: TokenPair, *, now: datetime) -> None:
        """Replace the pairs whose answers nobody seems to have got, but *kept*."""
        await self._session.execute(
            update(TokenPairRow)
            .where(
                TokenPairRow.session_id == session_id,
                TokenPairRow.id != kept.id,
                TokenPairRow.first_used_at.is_(None),
                TokenPairRow.replaced_at.is_(None),
            )
            .values(replaced_at=now)
        )

    async def note_use(self, session_id: UUID, *, now: datetime) -> None:
        """Remember when the session was used last."""
        await self._session.execute(
            update(SessionRow).where(SessionRow.id == session_id, _ALIVE).values(last_used_at=now)
        )

    async def note_first_use(self, session_id: UUID, pair: TokenPair, *, now: datetime) -> None:
        """Remember that the client has *pair*; it replaces the ones made before it."""
        await self._session.execute(update(TokenPairRow).where(TokenPairRow.id == pair.id).values(first_used_at=now))
        await self._session.execute(
            update(TokenPairRow)
            .where(
                TokenPairRow.session_id == session_id,
                TokenPairRow.issued_at < pair.issued_at,
                TokenPairRow.replaced_at.is_(None),
            )
            .values(replaced_at=now)
        )

    async def act_in(self, caller: PersonPrincipal, session_id: UUID, organisation_id: UUID) -> None:
        """Let the session act in another organisation from now on."""
        await self._session.execute(
            update(SessionRow)
            .where(SessionRow.id == session_id, SessionRow.person_id == caller.person_id, _ALIVE)
            .values(organisation_id=organisation_id)
        )

    async def end(self, session_ids: Sequence[UUID], *, reason: SessionEnd, now: datetime) -> list[SignedInSession]:
        """End sessions; return those that had not ended before."""
        return await self._end(SessionRow.id.in_(session_ids), reason=reason, now=now)

    async def end_idle(self, *, idle_since: datetime, now: datetime) -> list[SignedInSession]:
        """End the sessions that idled too long or reached their end."""
        over = or_(SessionRow.expires_at <= now, SessionRow.last_used_at <= idle_since)
        return await self._end(over, reason=SessionEnd.EXPIRED, now=now)

    async def end_disowned(self, *, now: datetime) -> list[SignedInSession]:
        """End the sessions of people who are gone, were disabled, or have another password since."""
        owner = select(PersonCopy.id).where(
            PersonCopy.id == SessionRow.person_id,
            PersonCopy.enabled,
            PersonCopy.credential_version <= SessionRow.credential_version,
        )
        return await self._end(~owner.exists(), reason=SessionEnd.REVOKED, now=now)

    async def _end(self, which: ColumnElement[bool], *, reason: SessionEnd, now: datetime) -> list[SignedInSession]:
        values: dict[str, Any] = {"ended_at": now, "end_reason": reason}
        ended = await self._session.scalars(
            update(SessionRow).where(which, _ALIVE).values(values).returning(SessionRow),
            execution_options={"synchronize_session": False},
        )
        return [_session(row) for row in ended]

    async def forget(self, *, before: datetime) -> None:
        """Delete sessions that ended, and pairs that were replaced, before a moment."""
        await self._session.execute(delete(SessionRow).where(SessionRow.ended_at < before))
        await self._session.execute(delete(TokenPairRow).where(TokenPairRow.replaced_at < before))


def _with_pair() -> Select[SessionRow, TokenPairRow]:
    return select(SessionRow, TokenPairRow).join(TokenPairRow, TokenPairRow.session_id == SessionRow.id)

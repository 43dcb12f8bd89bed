"""Every statement on leases: which worker has which copy, and for how long."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from postroom_import.copies.domain import JobState, Wish
from postroom_import.copies.tables import ImportJobRow
from postroom_shared.principal import SystemPrincipal

_OPEN = (JobState.QUEUED, JobState.RUNNING)


class Leases:
    """The leases of copies, in one transaction of a worker that sees all organisations."""

    def __init__(self, session: AsyncSession, principal: SystemPrincipal) -> None:
        self._session = session
        self._principal = principal

    async def claimable(self, *, limit: int) -> list[tuple[UUID, UUID]]:
        """Return (organisation, copy) that no worker has and whose time has come, oldest first."""
        statement = (
            select(ImportJobRow.organisation_id, ImportJobRow.id)
            .where(_is_free(), *self._inside())
            .order_by(ImportJobRow.created_at)
            .limit(limit)
        )
        return [(organisation_id, job_id) for organisation_id, job_id in await self._session.execute(statement)]

    async def claim(
        self, job_id: UUID, *, organisation_id: UUID, holder: str, lease: timedelta, most_of_organisation: int
    ) -> bool:
        """Take a copy unless it is taken, its target is being written to, or its organisation has enough running.

        Two copies never write into one mailbox at the same time: each would miss what the other has just brought.
        """
        lock = text("select pg_advisory_xact_lock(hashtext('postroom.import.claim'), hashtext(:organisation))")
        await self._session.execute(lock, {"organisation": str(organisation_id)})
        other = aliased(ImportJobRow)
        running = and_(other.id != ImportJobRow.id, other.lease_until > func.now())
        of_organisation = (
            select(func.count()).where(running, other.organisation_id == organisation_id).scalar_subquery()
        )
        taken = await self._session.scalar(
            update(ImportJobRow)
            .where(
                ImportJobRow.id == job_id,
                _is_free(),
                ~exists().where(running, other.target_key == ImportJobRow.target_key),
                of_organisation < most_of_organisation,
                *self._inside(),
            )
            .values(lease_holder=holder, lease_until=func.now() + lease, touched_at=func.now())
            .returning(ImportJobRow.id)
            .execution_options(synchronize_session=False)
        )
        return taken is not None

    async def renew(self, job_id: UUID, *, holder: str, lease: timedelta) -> tuple[bool, Wish | None]:
        """Keep a copy; return whether it is still the holder's, and what was asked of it."""
        row = (
            await self._session.execute(
                update(ImportJobRow)
                .where(ImportJobRow.id == job_id, ImportJobRow.lease_holder == holder, *self._inside())
                .values(lease_until=func.now() + lease, touched_at=func.now())
                .returning(ImportJobRow.wish)
                .execution_options(synchronize_session=False)
            )
        ).first()
        return row is not None, Wish(row[0]) if row and row[0] else None

    async def holds(self, job_id: UUID, *, holder: str) -> bool:
        """Tell whether the copy is the holder's; it stays so until this transaction ends."""
        statement = (
            select(ImportJobRow.id)
            .where(
                ImportJobRow.id == job_id,
                ImportJobRow.lease_holder == holder,
                ImportJobRow.lease_until > func.now(),
                *self._inside(),
            )
            .with_for_update(read=True)
        )
        return await self._session.scalar(statement) is not None

    async def release(self, job_id: UUID, *, holder: str, worked_s: float, **values: Any) -> bool:
        """Give a copy back and change columns of it; return whether it was still the holder's."""
        given = await self._session.scalar(
            update(ImportJobRow)
            .where(ImportJobRow.id == job_id, ImportJobRow.lease_holder == holder, *self._inside())
            .values(
                lease_holder=None,
                lease_until=None,
                touched_at=func.now(),
                working_s=ImportJobRow.working_s + worked_s,
                **values,
            )
            .returning(ImportJobRow.id)
            .execution_options(synchronize_session=False)
        )
        return given is not None

    async def worked_s(self, job_id: UUID) -> float:
        """Return for how many seconds workers have worked on a copy."""
        found = await self._session.scalar(
            select(ImportJobRow.working_s).where(ImportJobRow.id == job_id, *self._inside())
        )
        return found or 0.0

    async def standing_still(self, *, since: datetime, limit: int) -> list[tuple[UUID, UUID]]:
        """Return (organisation, copy) that are not over and at which nothing was done since."""
        states = (*_OPEN, JobState.PAUSED)
        statement = (
            select(ImportJobRow.organisation_id, ImportJobRow.id)
            .where(ImportJobRow.state.in_(states), ImportJobRow.touched_at < since, *self._inside())
            .limit(limit)
        )
        return [(organisation_id, job_id) for organisation_id, job_id in await self._session.execute(statement)]

    def _inside(self) -> tuple[ColumnElement[bool], ...]:
        organisation_id = self._principal.organisation_id
        return (ImportJobRow.organisation_id == organisation_id,) if organisation_id else ()


def _is_free() -> ColumnElement[bool]:
    return and_(
        ImportJobRow.state.in_(_OPEN),
        or_(ImportJobRow.lease_until.is_(None), ImportJobRow.lease_until <= func.now()),
        or_(ImportJobRow.retry_at.is_(None), ImportJobRow.retry_at <= func.now()),
    )

"""Every statement on confirmation mails."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_import.notices.domain import Notice
from postroom_import.notices.tables import ImportNoticeRow
from postroom_shared.principal import EVERYTHING, Principal
from postroom_shared.values import Address


class Notices:
    """Confirmation mails of the principal's organisation; for workers, all."""

    def __init__(self, session: AsyncSession, principal: Principal) -> None:
        self._session = session
        self._principal = principal

    def _inside(self) -> ColumnElement[bool]:
        scope = self._principal.organisation_scope
        return true() if scope == EVERYTHING else ImportNoticeRow.organisation_id == scope

    async def add(self, notices: Sequence[Notice]) -> None:
        """Have these mails sent; one for the same end and address that is there already is left alone."""
        values = [
            {
                "id": notice.id,
                "organisation_id": notice.organisation_id,
                "job_id": notice.job_id,
                "ended_at": notice.ended_at,
                "recipient": notice.recipient,
                "language": notice.language,
                "due_at": func.now(),
            }
            for notice in notices
        ]
        if values:
            await self._session.execute(insert(ImportNoticeRow).values(values).on_conflict_do_nothing())

    async def take_due(self, *, limit: int, hold: timedelta) -> list[tuple[Notice, int]]:
        """Return mails whose time has come with the number of failed attempts; nobody else gets them for *hold*."""
        due = (
            select(ImportNoticeRow.id)
            .where(ImportNoticeRow.sent_at.is_(None), ImportNoticeRow.due_at <= func.now(), self._inside())
            .order_by(ImportNoticeRow.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        rows = await self._session.scalars(
            update(ImportNoticeRow)
            .where(ImportNoticeRow.id.in_(due.scalar_subquery()))
            .values(due_at=func.now() + hold)
            .returning(ImportNoticeRow)
        )
        return [(_notice(row), row.attempts) for row in rows]

    async def mark_sent(self, notice: Notice, *, at: datetime) -> None:
        """Remember that the mail was handed in."""
        await self._change(notice, sent_at=at, due_at=None)

    async def postpone(self, notice: Notice, *, until: datetime) -> None:
        """Try again later."""
        await self._change(notice, due_at=until, attempts=ImportNoticeRow.attempts + 1)

    async def give_up(self, notice: Notice, *, refusal: str) -> None:
        """Remember why the mail cannot be delivered; it is not tried again."""
        await self._change(notice, due_at=None, refusal=refusal)

    async def _change(self, notice: Notice, **values: object) -> None:
        await self._session.execute(
            update(ImportNoticeRow).where(ImportNoticeRow.id == notice.id, self._inside()).values(values)
        )


def _notice(row: ImportNoticeRow) -> Notice:
    return Notice(
        id=row.id,
        organisation_id=row.organisation_id,
        job_id=row.job_id,
        ended_at=row.ended_at,
        recipient=Address(row.recipient),
        language=row.language,
    )

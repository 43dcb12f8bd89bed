"""Every SQL statement of searching.

A search names one address and a period, so it reads one index from its newest end and stops at a page: partitions that
are older are never touched.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, text, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_logs.correlation.deliveries import DeliveryStatus
from postroom_logs.deliveries.domain import (
    Bucket,
    Count,
    Counterparty,
    CounterpartyKind,
    Entry,
    Filters,
    ReadableAddress,
)
from postroom_logs.deliveries.errors import AddressNotFoundError, RightMissingError
from postroom_logs.deliveries.tables import TROUBLE, DeliveryRow
from postroom_logs.ingestion.views import Direction
from postroom_logs.reasons.reason import Reason, ReasonKey
from postroom_shared.http.pages import BadCursorError, decode_cursor
from postroom_shared.principal import EVERYTHING, AddressRight, PersonPrincipal, Principal
from postroom_shared.projection.repository import has_right
from postroom_shared.projection.tables import AddressCopy, MailServiceCopy
from postroom_shared.values import Address

_AS_THEY_ARE = [name for name in Entry.__dataclass_fields__ if name not in {"reason", "status", "direction"}]
_TROUBLE = {DeliveryStatus(status) for status in TROUBLE}
_FROM_THE_NEWEST_END = text(
    "select set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true)"
)
"""For this transaction: read the index in its order and stop at the page.

The policy of the rows makes the planner expect next to no rows, so it would fetch and sort all of the period.
"""
_LAST_CHARACTER = "\U0010ffff"

_LAST_MS = 253_402_300_799_000
"""The end of the year 9999: an id of a later moment is none of ours."""


def _inside(principal: Principal) -> ColumnElement[bool]:
    scope = principal.organisation_scope
    return true() if scope == EVERYTHING else DeliveryRow.organisation_id == scope


async def readable_address(session: AsyncSession, principal: PersonPrincipal, address: Address) -> ReadableAddress:
    """Return an address whose log the person may read.

    Raises:
        AddressNotFoundError: The acting organisation has no such address.
        RightMissingError: The person neither manages it by role nor holds `logs.read` on it.

    Source: docs/promises.md#logs-permission, docs/promises.md#logs-manager
    """
    statement = (
        select(AddressCopy, MailServiceCopy)
        .join(MailServiceCopy, MailServiceCopy.id == AddressCopy.mail_service_id)
        .where(AddressCopy.address == address, AddressCopy.organisation_id == principal.organisation_scope)
    )
    found = (await session.execute(statement)).first()
    if found is None:
        raise AddressNotFoundError
    row, mail_service = found
    if not await has_right(session, principal, row.id, AddressRight.LOGS_READ):
        raise RightMissingError
    return ReadableAddress(
        id=row.id,
        organisation_id=row.organisation_id,
        address=Address(row.address),
        retention=timedelta(days=mail_service.log_retention_days),
        retention_since=mail_service.logs_since,
    )


class Deliveries:
    """The deliveries that a principal may see."""

    def __init__(self, session: AsyncSession, principal: Principal) -> None:
        self._session = session
        self._principal = principal

    async def page(self, filters: Filters, *, cursor: str | None, limit: int) -> list[Entry]:
        """Return a page, newest first, and one entry more when there is another page.

        Raises:
            BadCursorError: The cursor is not one of this list.
        """
        after = _read_cursor(cursor) if cursor is not None else None
        await self._session.execute(_FROM_THE_NEWEST_END)
        if len(filters.statuses) > 1 and set(filters.statuses) <= _TROUBLE:
            # each status has its own stretch of the index of troubled ones
            parts = [
                await self._newest(replace(filters, statuses=(status,)), after=after, limit=limit + 1)
                for status in set(filters.statuses)
            ]
            merged = sorted(chain.from_iterable(parts), key=lambda entry: (entry.at, entry.id), reverse=True)
            return merged[: limit + 1]
        return await self._newest(filters, after=after, limit=limit + 1)

    async def _newest(self, filters: Filters, *, after: tuple[datetime, UUID] | None, limit: int) -> list[Entry]:
        statement = select(DeliveryRow).where(*self._conditions(filters))
        if after is not None:
            statement = statement.where(
                tuple_(DeliveryRow.at, DeliveryRow.id) < tuple_(*after), DeliveryRow.at <= after[0]
            )
        statement = statement.order_by(DeliveryRow.at.desc(), DeliveryRow.id.desc()).limit(limit)
        return [_entry(row) for row in await self._session.scalars(statement)]

    async def all(self, filters: Filters, *, batch: int = 500) -> AsyncIterator[Sequence[Entry]]:
        """Yield everything that matches, newest first, in batches: memory does not grow with the answer."""
        await self._session.execute(_FROM_THE_NEWEST_END)
        after: tuple[datetime, UUID] | None = None
        while True:
            entries = await self._newest(filters, after=after, limit=batch)
            if entries:
                yield entries
            if len(entries) < batch:
                return
            after = entries[-1].at, entries[-1].id
            self._session.expunge_all()

    async def counts(self, filters: Filters, *, bucket: Bucket) -> list[Count]:
        """Return how many deliveries of each status fell into each hour or day (UTC), oldest first."""
        at = func.date_trunc(bucket.value, DeliveryRow.at, "UTC")
        statement = (
            select(at, DeliveryRow.status, func.count())
            .where(*self._conditions(filters))
            .group_by(at, DeliveryRow.status)
            .order_by(at, DeliveryRow.status)
        )
        return [
            Count(at=moment, status=DeliveryStatus(status), deliveries=number)
            for moment, status, number in await self._session.execute(statement)
        ]

    async def find(self, entry_id: UUID) -> Entry | None:
        """Return one entry. Its id begins with its moment, so one partition is looked at."""
        if entry_id.int >> 80 > _LAST_MS:
            return None
        at = datetime.fromtimestamp((entry_id.int >> 80) / 1000, UTC)
        statement = select(DeliveryRow).where(
            DeliveryRow.at >= at - timedelta(milliseconds=1),
            DeliveryRow.at < at + timedelta(milliseconds=2),
            DeliveryRow.id == entry_id,
            _inside(self._principal),
        )
        row = await self._session.scalar(statement)
        return _entry(row) if row is not None else None

    def _conditions(self, filters: Filters) -> list[ColumnElement[bool]]:
        conditions = [
            DeliveryRow.address == filters.address,
            DeliveryRow.direction == filters.direction.value,
            DeliveryRow.at >= filters.since,
            DeliveryRow.at < filters.until,
            _inside(self._principal),
        ]
        if filters.statuses:
            conditions.append(DeliveryRow.status.in_([status.value for status in filters.statuses]))
        if filters.counterparty is not None:
            conditions.append(_of(filters.counterparty))
        if filters.message_id is not None:
            conditions.append(DeliveryRow.message_id == filters.message_id)
        if filters.queue_id is not None:
            conditions.append(DeliveryRow.queue_ids.contains([filters.queue_id]))
        return conditions


def _of(counterparty: Counterparty) -> ColumnElement[bool]:
    wanted = counterparty.text
    if counterparty.kind is CounterpartyKind.EXACT:
        return DeliveryRow.counterparty == wanted
    if counterparty.kind is CounterpartyKind.DOMAIN:
        return DeliveryRow.counterparty.endswith(wanted, autoescape=True)
    by_octets = DeliveryRow.counterparty.collate("C")
    return and_(by_octets >= wanted, by_octets < wanted + _LAST_CHARACTER)


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    at, entry_id = decode_cursor(cursor, width=2)
    try:
        moment = datetime.fromisoformat(at)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)), UUID(entry_id)
    except (TypeError, ValueError, AttributeError) as error:
        raise BadCursorError from error


def _entry(row: DeliveryRow) -> Entry:
    values: dict[str, Any] = {name: getattr(row, name) for name in _AS_THEY_ARE}
    return Entry(
        reason=Reason(ReasonKey(row.reason), dict(row.reason_parameters)),
        status=DeliveryStatus(row.status),
        direction=Direction(row.direction),
        **values,
    )

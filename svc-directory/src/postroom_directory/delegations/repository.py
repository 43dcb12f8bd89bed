"""Every SQL statement about delegations."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.delegations.domain import DelegatedRight, Delegation
from postroom_directory.delegations.errors import DelegationExistsError, DelegationNotFoundError
from postroom_directory.delegations.tables import DelegationRow
from postroom_directory.keyset import after_id
from postroom_directory.visibility import inside
from postroom_shared.http.pages import PageQuery
from postroom_shared.principal import Principal

COLUMNS = ("id", "organisation_id", "address_id", "delegate_address_id", "right", "version", "created_at")


def _delegation(row: DelegationRow) -> Delegation:
    return Delegation(**{name: getattr(row, name) for name in COLUMNS} | {"right": DelegatedRight(row.right)})


class Delegations:
    """Who may send for one address, which the caller was let see."""

    def __init__(self, session: AsyncSession, principal: Principal, address_id: UUID) -> None:
        self._session = session
        self._principal = principal
        self._address_id = address_id

    def _own(self) -> ColumnElement[bool]:
        mine = inside(self._principal, DelegationRow.organisation_id)
        return and_(DelegationRow.address_id == self._address_id, mine)

    async def add(self, delegation: Delegation) -> None:
        """Store a new delegation.

        Raises:
            DelegationExistsError: There is such a one.
        """
        values = {name: getattr(delegation, name) for name in COLUMNS}
        try:
            async with self._session.begin_nested():
                await self._session.execute(insert(DelegationRow).values(values))
        except IntegrityError as error:
            raise DelegationExistsError from error

    async def page(self, query: PageQuery) -> list[Delegation]:
        """Return one more than a page, oldest first."""
        statement = select(DelegationRow).where(self._own(), *after_id(query.cursor, DelegationRow.id))
        rows = await self._session.scalars(statement.order_by(DelegationRow.id).limit(query.limit + 1))
        return [_delegation(row) for row in rows]

    async def get(self, delegation_id: UUID) -> Delegation:
        """Return one delegation.

        Raises:
            DelegationNotFoundError: The address has none with this id.
        """
        statement = select(DelegationRow).where(self._own(), DelegationRow.id == delegation_id)
        row = await self._session.scalar(statement)
        if row is None:
            raise DelegationNotFoundError
        return _delegation(row)

    async def remove(self, delegation_id: UUID) -> None:
        """Delete one delegation."""
        await self._session.execute(delete(DelegationRow).where(self._own(), DelegationRow.id == delegation_id))

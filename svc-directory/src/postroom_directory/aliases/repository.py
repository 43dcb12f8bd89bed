"""Every SQL statement about aliases."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.addresses.errors import NameTakenError
from postroom_directory.aliases.domain import Alias
from postroom_directory.aliases.errors import AliasNotFoundError
from postroom_directory.aliases.tables import AliasRow
from postroom_directory.keyset import after_text
from postroom_directory.visibility import inside
from postroom_shared.http.pages import PageQuery
from postroom_shared.principal import Principal
from postroom_shared.values import Address

COLUMNS = ("id", "organisation_id", "address_id", "domain_id", "alias", "version", "created_at")


def _alias(row: AliasRow) -> Alias:
    return Alias(**{name: getattr(row, name) for name in COLUMNS} | {"alias": Address(row.alias)})


class Aliases:
    """The aliases of one address, which the caller was let see."""

    def __init__(self, session: AsyncSession, principal: Principal, address_id: UUID) -> None:
        self._session = session
        self._principal = principal
        self._address_id = address_id

    def _own(self) -> ColumnElement[bool]:
        return and_(AliasRow.address_id == self._address_id, inside(self._principal, AliasRow.organisation_id))

    async def add(self, alias: Alias) -> None:
        """Store a new alias; triggers take its name, also in alias domains.

        Raises:
            NameTakenError: An address or an alias has the name.
        """
        try:
            async with self._session.begin_nested():
                await self._session.execute(insert(AliasRow).values({name: getattr(alias, name) for name in COLUMNS}))
        except IntegrityError as error:
            raise NameTakenError from error

    async def count(self) -> int:
        """Return how many there are."""
        return await self._session.scalar(select(func.count()).select_from(AliasRow).where(self._own())) or 0

    async def page(self, query: PageQuery) -> list[Alias]:
        """Return one more than a page, in their order."""
        statement = select(AliasRow).where(self._own(), *after_text(query.cursor, AliasRow.alias, AliasRow.id))
        rows = await self._session.scalars(statement.order_by(AliasRow.alias, AliasRow.id).limit(query.limit + 1))
        return [_alias(row) for row in rows]

    async def get(self, alias_id: UUID) -> Alias:
        """Return one alias.

        Raises:
            AliasNotFoundError: The address has none with this id.
        """
        row = await self._session.scalar(select(AliasRow).where(self._own(), AliasRow.id == alias_id))
        if row is None:
            raise AliasNotFoundError
        return _alias(row)

    async def remove(self, alias_id: UUID) -> None:
        """Delete one alias; its names are free again."""
        await self._session.execute(delete(AliasRow).where(self._own(), AliasRow.id == alias_id))

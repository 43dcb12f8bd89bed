"""Every SQL statement about application passwords."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.application_passwords.domain import (
    MOST_APPLICATION_PASSWORDS,
    ApplicationPassword,
    Protocol,
)
from postroom_directory.application_passwords.errors import ApplicationPasswordNotFoundError
from postroom_directory.application_passwords.tables import ApplicationPasswordRow
from postroom_directory.keyset import after_id
from postroom_directory.visibility import inside
from postroom_shared.http.pages import PageQuery
from postroom_shared.principal import Principal

COLUMNS = (
    "id",
    "organisation_id",
    "address_id",
    "lookup_id",
    "name",
    "secret_hash",
    "expires_at",
    "version",
    "created_at",
)


def _application_password(row: ApplicationPasswordRow) -> ApplicationPassword:
    protocols = frozenset(map(Protocol, row.protocols))
    return ApplicationPassword(protocols=protocols, **{name: getattr(row, name) for name in COLUMNS})


class ApplicationPasswords:
    """The application passwords of one address, which the caller was let see."""

    def __init__(self, session: AsyncSession, principal: Principal, address_id: UUID) -> None:
        self._session = session
        self._principal = principal
        self._address_id = address_id

    def _own(self) -> ColumnElement[bool]:
        mine = inside(self._principal, ApplicationPasswordRow.organisation_id)
        return and_(ApplicationPasswordRow.address_id == self._address_id, mine)

    async def add(self, added: ApplicationPassword) -> None:
        """Store a new one."""
        values = {name: getattr(added, name) for name in COLUMNS} | {"protocols": sorted(added.protocols)}
        await self._session.execute(insert(ApplicationPasswordRow).values(values))

    async def count(self) -> int:
        """Return how many there are."""
        statement = select(func.count()).select_from(ApplicationPasswordRow).where(self._own())
        return await self._session.scalar(statement) or 0

    async def page(self, query: PageQuery) -> list[ApplicationPassword]:
        """Return one more than a page, oldest first."""
        after = after_id(query.cursor, ApplicationPasswordRow.id)
        statement = select(ApplicationPasswordRow).where(self._own(), *after).order_by(ApplicationPasswordRow.id)
        rows = await self._session.scalars(statement.limit(query.limit + 1))
        return [_application_password(row) for row in rows]

    async def all(self) -> list[ApplicationPassword]:
        """Return all of them, oldest first."""
        statement = select(ApplicationPasswordRow).where(self._own()).order_by(ApplicationPasswordRow.id)
        rows = await self._session.scalars(statement.limit(MOST_APPLICATION_PASSWORDS))
        return [_application_password(row) for row in rows]

    async def get(self, password_id: UUID) -> ApplicationPassword:
        """Return one.

        Raises:
            ApplicationPasswordNotFoundError: The address has none with this id.
        """
        statement = select(ApplicationPasswordRow).where(self._own(), ApplicationPasswordRow.id == password_id)
        row = await self._session.scalar(statement)
        if row is None:
            raise ApplicationPasswordNotFoundError
        return _application_password(row)

    async def remove(self, password_id: UUID) -> None:
        """Delete one; nobody signs in with it any more."""
        await self._session.execute(
            delete(ApplicationPasswordRow).where(self._own(), ApplicationPasswordRow.id == password_id)
        )

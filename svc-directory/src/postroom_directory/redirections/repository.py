"""Every SQL statement about redirections."""

from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.addresses.tables import MailNameRow
from postroom_directory.keyset import after_text
from postroom_directory.redirections.domain import Redirection
from postroom_directory.redirections.errors import (
    RedirectionExistsError,
    RedirectionNotFoundError,
    TokenInvalidError,
)
from postroom_directory.redirections.tables import RedirectionRow
from postroom_directory.visibility import inside
from postroom_shared.http.pages import PageQuery
from postroom_shared.principal import Principal
from postroom_shared.values import Address

COLUMNS = (
    "id",
    "organisation_id",
    "address_id",
    "target",
    "keep_copy",
    "token_hash",
    "token_expires_at",
    "confirmed_at",
    "version",
    "created_at",
)


def _redirection(row: RedirectionRow) -> Redirection:
    return Redirection(**{name: getattr(row, name) for name in COLUMNS} | {"target": Address(row.target)})


def _values(redirection: Redirection) -> dict[str, object]:
    return {name: getattr(redirection, name) for name in COLUMNS}


class Redirections:
    """The redirections of the principal's organisation."""

    def __init__(self, session: AsyncSession, principal: Principal) -> None:
        self._session = session
        self._principal = principal

    def _own(self) -> ColumnElement[bool]:
        return inside(self._principal, RedirectionRow.organisation_id)

    async def add(self, redirection: Redirection) -> None:
        """Store a new redirection.

        Raises:
            RedirectionExistsError: The address redirects there already.
        """
        try:
            async with self._session.begin_nested():
                await self._session.execute(insert(RedirectionRow).values(_values(redirection)))
        except IntegrityError as error:
            raise RedirectionExistsError from error

    async def count(self, address_id: UUID) -> int:
        """Return how many the address has."""
        statement = select(func.count()).select_from(RedirectionRow)
        return await self._session.scalar(statement.where(self._own(), RedirectionRow.address_id == address_id)) or 0

    async def page(self, query: PageQuery, address_id: UUID) -> list[Redirection]:
        """Return one more than a page of an address's redirections, by target."""
        statement = (
            select(RedirectionRow)
            .where(self._own(), RedirectionRow.address_id == address_id)
            .where(*after_text(query.cursor, RedirectionRow.target, RedirectionRow.id))
            .order_by(RedirectionRow.target, RedirectionRow.id)
            .limit(query.limit + 1)
        )
        return [_redirection(row) for row in await self._session.scalars(statement)]

    async def get(self, redirection_id: UUID, *, address_id: UUID | None = None) -> Redirection:
        """Return one redirection, of *address_id* if given, locked until the transaction ends.

        Raises:
            RedirectionNotFoundError: There is none.
        """
        statement = select(RedirectionRow).where(self._own(), RedirectionRow.id == redirection_id).with_for_update()
        if address_id is not None:
            statement = statement.where(RedirectionRow.address_id == address_id)
        row = await self._session.scalar(statement)
        if row is None:
            raise RedirectionNotFoundError
        return _redirection(row)

    async def waiting_for(self, token_hash: bytes) -> Redirection:
        """Return the redirection that this token confirms, locked until the transaction ends.

        Raises:
            TokenInvalidError: There is none.
        """
        statement = select(RedirectionRow).where(self._own(), RedirectionRow.token_hash == token_hash)
        row = await self._session.scalar(statement.with_for_update())
        if row is None:
            raise TokenInvalidError
        return _redirection(row)

    async def save(self, redirection: Redirection) -> None:
        """Store a redirection that was locked."""
        mine = update(RedirectionRow).where(self._own(), RedirectionRow.id == redirection.id)
        await self._session.execute(mine.values(_values(redirection)))

    async def remove(self, redirection_id: UUID) -> None:
        """Delete one redirection."""
        await self._session.execute(delete(RedirectionRow).where(self._own(), RedirectionRow.id == redirection_id))

    async def names_of(self, address_id: UUID) -> frozenset[Address]:
        """Return every name that reaches the address."""
        statement = select(MailNameRow.name).where(
            MailNameRow.address_id == address_id, inside(self._principal, MailNameRow.organisation_id)
        )
        return frozenset(map(Address, await self._session.scalars(statement)))

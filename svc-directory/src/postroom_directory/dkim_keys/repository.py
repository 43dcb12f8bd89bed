"""Every SQL statement about DKIM keys."""

from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.dkim_keys.domain import DkimAlgorithm, DkimKey, DkimKeyState
from postroom_directory.dkim_keys.errors import DkimKeyNotFoundError, SelectorTakenError
from postroom_directory.dkim_keys.tables import DkimKeyRow
from postroom_directory.domains.tables import DomainRow
from postroom_directory.keyset import after_id
from postroom_directory.visibility import inside
from postroom_shared.http.pages import PageQuery
from postroom_shared.principal import Principal
from postroom_shared.values import Domain

COLUMNS = (
    "id",
    "organisation_id",
    "mail_service_id",
    "domain_id",
    "selector",
    "algorithm",
    "public_key",
    "private_key",
    "state",
    "activated_at",
    "retired_at",
    "version",
    "created_at",
)


def _key(row: DkimKeyRow, domain: str) -> DkimKey:
    values = {name: getattr(row, name) for name in COLUMNS}
    kinds = {"algorithm": DkimAlgorithm(row.algorithm), "state": DkimKeyState(row.state)}
    return DkimKey(domain=Domain(domain), **values | kinds)


def _values(key: DkimKey) -> dict[str, object]:
    return {name: getattr(key, name) for name in COLUMNS}


class DkimKeys:
    """The DKIM keys of the principal's organisation."""

    def __init__(self, session: AsyncSession, principal: Principal) -> None:
        self._session = session
        self._principal = principal

    def _own(self) -> ColumnElement[bool]:
        return inside(self._principal, DkimKeyRow.organisation_id)

    def _select(self) -> Select[DkimKeyRow, str]:
        joined = select(DkimKeyRow, DomainRow.name).join(DomainRow, DomainRow.id == DkimKeyRow.domain_id)
        return joined.where(self._own())

    async def _all(self, statement: Select[DkimKeyRow, str]) -> list[DkimKey]:
        return [_key(row, domain) for row, domain in (await self._session.execute(statement))]

    async def add(self, key: DkimKey) -> None:
        """Store a new key.

        Raises:
            SelectorTakenError: The domain has one with this selector.
        """
        try:
            async with self._session.begin_nested():
                await self._session.execute(insert(DkimKeyRow).values(_values(key)))
        except IntegrityError as error:
            raise SelectorTakenError from error

    async def page(self, query: PageQuery, mail_service_id: UUID) -> list[DkimKey]:
        """Return one more than a page of a mail service's keys, oldest first."""
        mine = self._select().where(DkimKeyRow.mail_service_id == mail_service_id)
        after = mine.where(*after_id(query.cursor, DkimKeyRow.id))
        return await self._all(after.order_by(DkimKeyRow.id).limit(query.limit + 1))

    async def get(self, mail_service_id: UUID, key_id: UUID) -> DkimKey:
        """Return one key of a mail service.

        Raises:
            DkimKeyNotFoundError: It has none with this id.
        """
        mine = self._select().where(DkimKeyRow.mail_service_id == mail_service_id, DkimKeyRow.id == key_id)
        found = await self._all(mine)
        if not found:
            raise DkimKeyNotFoundError
        return found[0]

    async def active(self, domain: Domain) -> list[DkimKey]:
        """Return the keys that sign the mail of a domain: at most one of each algorithm."""
        signing = DkimKeyRow.state == DkimKeyState.ACTIVE
        return await self._all(self._select().where(DomainRow.name == domain, signing).order_by(DkimKeyRow.algorithm))

    async def save(self, key: DkimKey) -> None:
        """Store the next version of a key whose mail service was locked."""
        mine = update(DkimKeyRow).where(self._own(), DkimKeyRow.id == key.id)
        await self._session.execute(mine.values(_values(key)))

    async def remove(self, key_id: UUID) -> None:
        """Delete one key."""
        await self._session.execute(delete(DkimKeyRow).where(self._own(), DkimKeyRow.id == key_id))

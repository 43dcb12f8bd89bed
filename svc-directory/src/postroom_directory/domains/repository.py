"""Every SQL statement about domains."""

from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from postroom_directory.domains.domain import MailDomain
from postroom_directory.domains.errors import DomainInUseError, DomainNotFoundError, DomainTakenError
from postroom_directory.domains.tables import DomainRow
from postroom_directory.keyset import after_text
from postroom_directory.visibility import inside
from postroom_shared.http.pages import PageQuery
from postroom_shared.principal import Principal
from postroom_shared.values import Domain

Other = aliased(DomainRow)


def _domain(row: DomainRow, alias_of: str | None) -> MailDomain:
    return MailDomain(
        id=row.id,
        organisation_id=row.organisation_id,
        mail_service_id=row.mail_service_id,
        name=Domain(row.name),
        alias_of_id=row.alias_of_id,
        alias_of=Domain(alias_of) if alias_of else None,
        is_primary=row.is_primary,
        version=row.version,
        created_at=row.created_at,
    )


class Domains:
    """The domains of the principal's organisation."""

    def __init__(self, session: AsyncSession, principal: Principal) -> None:
        self._session = session
        self._principal = principal

    def _own(self) -> ColumnElement[bool]:
        return inside(self._principal, DomainRow.organisation_id)

    def _select(self) -> Select[DomainRow, str]:
        return select(DomainRow, Other.name).outerjoin(Other, Other.id == DomainRow.alias_of_id).where(self._own())

    async def add(self, domain: MailDomain) -> None:
        """Store a new domain.

        Raises:
            DomainTakenError: It belongs to a mail service, or a name in it is taken.
        """
        columns = ("id", "organisation_id", "mail_service_id", "name", "alias_of_id", "is_primary", "version")
        values = {name: getattr(domain, name) for name in columns}
        try:
            async with self._session.begin_nested():
                await self._session.execute(insert(DomainRow).values(**values, created_at=domain.created_at))
        except IntegrityError as error:
            raise DomainTakenError from error

    async def page(self, query: PageQuery, mail_service_id: UUID) -> list[MailDomain]:
        """Return one more than a page of a mail service's domains, by name."""
        statement = (
            self._select()
            .where(DomainRow.mail_service_id == mail_service_id)
            .where(*after_text(query.cursor, DomainRow.name, DomainRow.id))
            .order_by(DomainRow.name, DomainRow.id)
            .limit(query.limit + 1)
        )
        return [_domain(row, other) for row, other in (await self._session.execute(statement))]

    async def get(self, mail_service_id: UUID, domain_id: UUID) -> MailDomain:
        """Return one domain of the mail service.

        Raises:
            DomainNotFoundError: It has none with this id.
        """
        return await self._one(DomainRow.id == domain_id, DomainRow.mail_service_id == mail_service_id)

    async def named(self, mail_service_id: UUID, name: Domain) -> MailDomain:
        """Return the domain of the mail service with this name.

        Raises:
            DomainNotFoundError: It has none.
        """
        return await self._one(DomainRow.name == name, DomainRow.mail_service_id == mail_service_id)

    async def _one(self, *conditions: ColumnElement[bool]) -> MailDomain:
        found = (await self._session.execute(self._select().where(*conditions))).first()
        if found is None:
            raise DomainNotFoundError
        return _domain(*found)

    async def make_primary(self, domain: MailDomain) -> None:
        """Make *domain* the primary one of its mail service."""
        mine = update(DomainRow).where(DomainRow.mail_service_id == domain.mail_service_id, self._own())
        counted = {"version": DomainRow.version + 1}
        await self._session.execute(mine.where(DomainRow.is_primary).values(is_primary=False, **counted))
        await self._session.execute(mine.where(DomainRow.id == domain.id).values(is_primary=True, **counted))

    async def remove(self, domain: MailDomain) -> None:
        """Delete a domain.

        Raises:
            DomainInUseError: Something depends on it.
        """
        try:
            async with self._session.begin_nested():
                await self._session.execute(delete(DomainRow).where(DomainRow.id == domain.id, self._own()))
        except IntegrityError as error:
            raise DomainInUseError from error

"""Every SQL statement about mail services."""

from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, exists, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.addresses.repository import attached
from postroom_directory.addresses.tables import AddressRow
from postroom_directory.domains.tables import DomainRow
from postroom_directory.keyset import after_text
from postroom_directory.mail_services.domain import MailService
from postroom_directory.mail_services.errors import (
    MailServiceNotEmptyError,
    MailServiceNotFoundError,
    UnknownReferenceError,
)
from postroom_directory.mail_services.tables import MailServiceRow
from postroom_directory.visibility import inside
from postroom_shared.http.pages import PageQuery
from postroom_shared.principal import AddressRight, PersonPrincipal, Principal
from postroom_shared.values import Domain

COLUMNS = ("mail_server_id", "name", "plan", "log_retention_days", "logs_since", "language", "time_zone", "version")


def visible_services(principal: Principal) -> ColumnElement[bool]:
    """Return the condition on mail services: those of the organisation; who does not manage it needs an address there.

    Source: docs/promises.md#roles
    """
    own = inside(principal, MailServiceRow.organisation_id)
    if not isinstance(principal, PersonPrincipal) or principal.manages:
        return own
    return and_(own, exists().where(AddressRow.mail_service_id == MailServiceRow.id, attached(principal)))


def _mail_service(row: MailServiceRow, primary_domain: str | None) -> MailService:
    return MailService(
        id=row.id,
        organisation_id=row.organisation_id,
        primary_domain=Domain(primary_domain) if primary_domain else None,
        default_rights=frozenset(map(AddressRight, row.default_rights)),
        created_at=row.created_at,
        **{name: getattr(row, name) for name in COLUMNS},
    )


def _values(service: MailService) -> dict[str, object]:
    return {name: getattr(service, name) for name in COLUMNS} | {"default_rights": sorted(service.default_rights)}


class MailServices:
    """The mail services a principal may see."""

    def __init__(self, session: AsyncSession, principal: Principal) -> None:
        self._session = session
        self._principal = principal

    async def add(self, service: MailService) -> None:
        """Store a new mail service, without its domains.

        Raises:
            UnknownReferenceError: There is no such organisation or mail server.
        """
        values = _values(service) | {"id": service.id, "organisation_id": service.organisation_id}
        try:
            async with self._session.begin_nested():
                await self._session.execute(insert(MailServiceRow).values(**values, created_at=service.created_at))
        except IntegrityError as error:
            raise UnknownReferenceError("There is no such organisation or mail server.") from error

    async def page(self, query: PageQuery, *, organisation_id: UUID | None) -> list[MailService]:
        """Return one more than a page of mail services, by name."""
        statement = self._select().where(*after_text(query.cursor, MailServiceRow.name, MailServiceRow.id))
        if organisation_id is not None:
            statement = statement.where(MailServiceRow.organisation_id == organisation_id)
        ordered = statement.order_by(MailServiceRow.name, MailServiceRow.id).limit(query.limit + 1)
        return [_mail_service(row, domain) for row, domain in (await self._session.execute(ordered))]

    async def get(self, mail_service_id: UUID, *, lock: bool = False) -> MailService:
        """Return the mail service; *lock* it against other changes.

        Raises:
            MailServiceNotFoundError: There is none that the principal may see.
        """
        statement = self._select().where(MailServiceRow.id == mail_service_id)
        if lock:
            statement = statement.with_for_update(of=MailServiceRow)
        found = (await self._session.execute(statement)).first()
        if found is None:
            raise MailServiceNotFoundError
        return _mail_service(*found)

    def _select(self) -> Select[MailServiceRow, str | None]:
        primary = and_(DomainRow.mail_service_id == MailServiceRow.id, DomainRow.is_primary)
        return (
            select(MailServiceRow, DomainRow.name)
            .outerjoin(DomainRow, primary)
            .where(visible_services(self._principal))
        )

    async def save(self, service: MailService) -> None:
        """Store the next version of a mail service that was locked."""
        await self._session.execute(
            update(MailServiceRow)
            .where(MailServiceRow.id == service.id, inside(self._principal, MailServiceRow.organisation_id))
            .values(**_values(service))
        )

    async def remove(self, mail_service_id: UUID) -> None:
        """Delete a mail service and its domains.

        Raises:
            MailServiceNotEmptyError: Addresses or keys are left.
        """
        mine = inside(self._principal, DomainRow.organisation_id)
        domains = delete(DomainRow).where(DomainRow.mail_service_id == mail_service_id, mine)
        try:
            async with self._session.begin_nested():
                await self._session.execute(domains.where(DomainRow.alias_of_id.is_not(None)))
                await self._session.execute(domains)
                await self._session.execute(
                    delete(MailServiceRow).where(
                        MailServiceRow.id == mail_service_id, inside(self._principal, MailServiceRow.organisation_id)
                    )
                )
        except IntegrityError as error:
            raise MailServiceNotEmptyError from error

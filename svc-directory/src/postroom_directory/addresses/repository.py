"""Every SQL statement about addresses."""

from dataclasses import dataclass
from typing import NoReturn
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, and_, delete, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.addresses.domain import AddressKind, MailAddress
from postroom_directory.addresses.errors import AddressNotFoundError, CatchAllTakenError, NameTakenError
from postroom_directory.addresses.tables import AddressRow
from postroom_directory.aliases.tables import AliasRow
from postroom_directory.delegations.tables import DelegationRow
from postroom_directory.domains.tables import DomainRow
from postroom_directory.grants.tables import GrantRow
from postroom_directory.visibility import inside
from postroom_shared.http.pages import BadCursorError, decode_cursor
from postroom_shared.principal import AddressRight, PersonPrincipal, Principal
from postroom_shared.values import Address, Domain

LAST_CHARACTER = "\U0010ffff"
COLUMNS = (
    "enabled",
    "display_name",
    "quota_bytes",
    "sub_addressing",
    "catch_all",
    "spam_filter",
    "advertising_filter",
    "credential_version",
    "version",
)
FIXED = ("id", "organisation_id", "mail_service_id", "domain_id", "created_at")


@dataclass(frozen=True, kw_only=True, slots=True)
class AddressFilters:
    """Which addresses of a list; None does not filter.

    Attributes:
        prefix: The beginning of the address.
        attached: Only those granted to the caller.
    """

    mail_service_id: UUID | None = None
    domain: Domain | None = None
    kind: AddressKind | None = None
    enabled: bool | None = None
    prefix: str | None = None
    attached: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Dependants:
    """What goes with an address beside its grants: ids, the version after the last, and whose delegation it was."""

    aliases: list[tuple[UUID, int]]
    delegations: list[tuple[UUID, int, UUID]]


def attached(person: PersonPrincipal) -> ColumnElement[bool]:
    """Return the condition on addresses that are attached to *person*: by a grant, whatever rights it holds."""
    return exists().where(
        GrantRow.address_id == AddressRow.id,
        GrantRow.person_id == person.person_id,
        GrantRow.organisation_id == AddressRow.organisation_id,
    )


def visible_addresses(principal: Principal) -> ColumnElement[bool]:
    """Return the condition on addresses that the principal may see: managers all, others those attached to them.

    Source: docs/promises.md#roles
    """
    own = inside(principal, AddressRow.organisation_id)
    if not isinstance(principal, PersonPrincipal) or principal.manages:
        return own
    return and_(own, attached(principal))


def address_of(row: AddressRow) -> MailAddress:
    """Return the address in *row*."""
    return MailAddress(
        address=Address(row.address),
        kind=AddressKind(row.kind),
        attributes=dict(row.attributes),
        **{name: getattr(row, name) for name in (*FIXED, *COLUMNS)},
    )


def _values(address: MailAddress) -> dict[str, object]:
    return {name: getattr(address, name) for name in COLUMNS} | {"attributes": dict(address.attributes)}


def _refuse(error: IntegrityError) -> NoReturn:
    if "uq_address_catch_all" in str(error.orig):
        raise CatchAllTakenError from error
    raise NameTakenError from error


class Addresses:
    """The addresses a principal may see."""

    def __init__(self, session: AsyncSession, principal: Principal) -> None:
        self._session = session
        self._principal = principal

    async def add(self, address: MailAddress) -> None:
        """Store a new address; triggers take its name, also in alias domains.

        Raises:
            NameTakenError: An address or an alias has the name.
            CatchAllTakenError: The domain has a catch-all.
        """
        values = _values(address) | {name: getattr(address, name) for name in (*FIXED, "address", "kind")}
        try:
            async with self._session.begin_nested():
                await self._session.execute(insert(AddressRow).values(**values))
        except IntegrityError as error:
            _refuse(error)

    async def page(self, filters: AddressFilters, *, cursor: str | None, limit: int) -> list[MailAddress]:
        """Return one more than a page of addresses, in the order of the address."""
        statement = select(AddressRow).where(visible_addresses(self._principal), *self._conditions(filters))
        if cursor is not None:
            statement = statement.where(AddressRow.address > _last_address(cursor))
        rows = await self._session.scalars(statement.order_by(AddressRow.address).limit(limit + 1))
        return [address_of(row) for row in rows]

    def _conditions(self, filters: AddressFilters) -> list[ColumnElement[bool]]:
        equal = {
            AddressRow.mail_service_id: filters.mail_service_id,
            AddressRow.kind: filters.kind,
            AddressRow.enabled: filters.enabled,
        }
        conditions: list[ColumnElement[bool]] = [
            column == value for column, value in equal.items() if value is not None
        ]
        if filters.domain is not None:
            conditions.append(AddressRow.domain_id == _domain_id(filters.domain))
        if filters.prefix is not None:
            prefix = filters.prefix.lower()
            conditions += [AddressRow.address >= prefix, AddressRow.address <= prefix + LAST_CHARACTER]
        if filters.attached and isinstance(self._principal, PersonPrincipal):
            conditions.append(attached(self._principal))
        return conditions

    async def get(self, address_id: UUID, *, lock: bool = False) -> MailAddress:
        """Return the address; *lock* it against other changes.

        Raises:
            AddressNotFoundError: There is none that the principal may see.
        """
        statement = select(AddressRow).where(AddressRow.id == address_id, visible_addresses(self._principal))
        row = await self._session.scalar(statement.with_for_update(of=AddressRow) if lock else statement)
        if row is None:
            raise AddressNotFoundError
        return address_of(row)

    async def rights(self, address_id: UUID, person: PersonPrincipal) -> frozenset[AddressRight]:
        """Return the rights that were granted to the person on the address; by role is not told here."""
        granted = await self._session.scalar(
            select(GrantRow.rights).where(
                GrantRow.address_id == address_id,
                GrantRow.person_id == person.person_id,
                inside(self._principal, GrantRow.organisation_id),
            )
        )
        return frozenset(map(AddressRight, granted or ()))

    async def save(self, address: MailAddress) -> None:
        """Store the next version of an address that was locked.

        Raises:
            CatchAllTakenError: The domain has a catch-all.
        """
        statement = (
            update(AddressRow)
            .where(AddressRow.id == address.id, inside(self._principal, AddressRow.organisation_id))
            .values(**_values(address))
        )
        try:
            async with self._session.begin_nested():
                await self._session.execute(statement)
        except IntegrityError as error:
            _refuse(error)

    async def remove(self, address: MailAddress) -> Dependants:
        """Delete an address with all that hangs on it, and return what that was."""
        dependants = await self._dependants(address.id)
        await self._session.execute(
            delete(AddressRow).where(AddressRow.id == address.id, inside(self._principal, AddressRow.organisation_id))
        )
        return dependants

    async def _dependants(self, address_id: UUID) -> Dependants:
        aliases = select(AliasRow.id, AliasRow.version + 1).where(AliasRow.address_id == address_id)
        delegations = select(DelegationRow.id, DelegationRow.version + 1, DelegationRow.address_id).where(
            or_(DelegationRow.address_id == address_id, DelegationRow.delegate_address_id == address_id)
        )
        return Dependants(
            aliases=[(row[0], row[1]) for row in await self._session.execute(aliases)],
            delegations=[(row[0], row[1], row[2]) for row in await self._session.execute(delegations)],
        )


def _domain_id(domain: Domain) -> ScalarSelect[UUID]:
    return select(DomainRow.id).where(DomainRow.name == domain).scalar_subquery()


def _last_address(cursor: str) -> str:
    last = decode_cursor(cursor, width=1)[0]
    if not isinstance(last, str) or "\x00" in last:
        raise BadCursorError
    return last

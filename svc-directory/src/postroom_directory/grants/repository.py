"""Every SQL statement about grants."""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, and_, delete, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.addresses.tables import AddressRow
from postroom_directory.grants.domain import Grant
from postroom_directory.grants.tables import GrantRow
from postroom_directory.keyset import after_id
from postroom_directory.mail_services.tables import MailServiceRow
from postroom_directory.memberships.tables import MembershipRow
from postroom_shared.errors import NotFoundError, PreconditionFailedError
from postroom_shared.http.pages import PageQuery
from postroom_shared.principal import EVERYTHING, AddressRight, PersonPrincipal, Principal
from postroom_shared.values import Address


def grant_of(row: GrantRow) -> Grant:
    """Return the grant in *row*."""
    return Grant(
        id=row.id,
        organisation_id=row.organisation_id,
        address_id=row.address_id,
        person_id=row.person_id,
        rights=frozenset(map(AddressRight, row.rights)),
        version=row.version,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )


class Grants:
    """The grants that *principal* may see: managers those of their organisation, everybody else their own in it."""

    def __init__(self, session: AsyncSession, principal: Principal) -> None:
        self._session = session
        self._principal = principal

    def _visible(self) -> ColumnElement[bool]:
        principal, scope = self._principal, self._principal.organisation_scope
        inside = true() if scope == EVERYTHING else GrantRow.organisation_id == scope
        if isinstance(principal, PersonPrincipal) and not principal.manages:
            return and_(inside, GrantRow.person_id == principal.person_id)
        return inside

    async def add(self, grant: Grant) -> bool:
        """Store a new grant; return False when the person holds one on the address."""
        new = insert(GrantRow).values(
            id=grant.id,
            organisation_id=grant.organisation_id,
            address_id=grant.address_id,
            person_id=grant.person_id,
            rights=sorted(grant.rights),
            version=grant.version,
            created_at=grant.created_at,
            changed_at=grant.changed_at,
        )
        result = await self._session.execute(new.on_conflict_do_nothing())
        return cast("CursorResult[Any]", result).rowcount == 1

    async def get(self, grant_id: UUID) -> Grant:
        """Return the grant.

        Raises:
            NotFoundError: There is none that the principal may see.
        """
        row = await self._session.scalar(select(GrantRow).where(GrantRow.id == grant_id, self._visible()))
        if row is None:
            raise NotFoundError("There is no grant with this id.")
        return grant_of(row)

    async def page(self, query: PageQuery, *, address_id: UUID | None, person_id: UUID | None) -> list[Grant]:
        """Return one more than a page of grants, oldest first."""
        statement = select(GrantRow).where(self._visible(), *after_id(query.cursor, GrantRow.id))
        if address_id is not None:
            statement = statement.where(GrantRow.address_id == address_id)
        if person_id is not None:
            statement = statement.where(GrantRow.person_id == person_id)
        rows = await self._session.scalars(statement.order_by(GrantRow.id).limit(query.limit + 1))
        return [grant_of(row) for row in rows]

    async def attached(self, person_id: UUID) -> Sequence[tuple[Address, Grant]]:
        """Return the addresses attached to the person, by address, with the grant that attaches each."""
        statement = (
            select(AddressRow.address, GrantRow)
            .join(AddressRow, AddressRow.id == GrantRow.address_id)
            .where(self._visible(), GrantRow.person_id == person_id)
            .order_by(AddressRow.address)
        )
        return [(Address(address), grant_of(row)) for address, row in await self._session.execute(statement)]

    async def save(self, grant: Grant) -> None:
        """Store the next version of a grant.

        Raises:
            PreconditionFailedError: Somebody else was faster.
        """
        changed = await self._session.scalar(
            update(GrantRow)
            .where(GrantRow.id == grant.id, GrantRow.version == grant.version - 1)
            .values(rights=sorted(grant.rights), version=grant.version, changed_at=grant.changed_at)
            .returning(GrantRow.id)
        )
        if changed is None:
            raise PreconditionFailedError

    async def take(self, *, person_id: UUID | None = None, address_id: UUID | None = None) -> list[Grant]:
        """Delete the grants of a person, or on an address, and return them."""
        statement = delete(GrantRow).where(self._visible()).returning(GrantRow)
        if person_id is not None:
            statement = statement.where(GrantRow.person_id == person_id)
        if address_id is not None:
            statement = statement.where(GrantRow.address_id == address_id)
        return [grant_of(row) for row in await self._session.scalars(statement)]

    async def remove(self, grant: Grant) -> None:
        """Delete one grant."""
        await self._session.execute(delete(GrantRow).where(GrantRow.id == grant.id, self._visible()))

    async def default_rights_of(self, address_id: UUID) -> list[str]:
        """Return the rights that the mail service of an address gives by default.

        Raises:
            NotFoundError: There is no such address in the principal's organisation.
        """
        statement = (
            select(MailServiceRow.default_rights)
            .join(AddressRow, AddressRow.mail_service_id == MailServiceRow.id)
            .where(AddressRow.id == address_id, AddressRow.organisation_id == self._principal.organisation_scope)
        )
        rights: list[str] | None = await self._session.scalar(statement)
        if rights is None:
            raise NotFoundError("There is no address with this id.")
        return rights

    async def require_member(self, person_id: UUID) -> None:
        """Refuse a person who does not belong to the principal's organisation.

        Raises:
            NotFoundError: They do not.
        """
        statement = select(MembershipRow.id).where(
            MembershipRow.person_id == person_id,
            MembershipRow.organisation_id == self._principal.organisation_scope,
        )
        if await self._session.scalar(statement) is None:
            raise NotFoundError("There is no person with this id in the organisation.")

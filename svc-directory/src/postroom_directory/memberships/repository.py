"""Every SQL statement about memberships."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.keyset import after_id
from postroom_directory.memberships.domain import Membership
from postroom_directory.memberships.tables import MembershipRow
from postroom_directory.organisations.tables import OrganisationRow
from postroom_shared.errors import NotFoundError, PreconditionFailedError
from postroom_shared.http.pages import PageQuery
from postroom_shared.principal import EVERYTHING, PersonPrincipal, Principal, Role


def membership_of(row: MembershipRow) -> Membership:
    """Return the membership in *row*."""
    return Membership(
        id=row.id,
        organisation_id=row.organisation_id,
        person_id=row.person_id,
        role=Role(row.role),
        accepted_at=row.accepted_at,
        version=row.version,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )


class Memberships:
    """The memberships *principal* may see: all for the operator, the organisation's for managers, and one's own."""

    def __init__(self, session: AsyncSession, principal: Principal) -> None:
        self._session = session
        self._principal = principal

    def _visible(self) -> ColumnElement[bool]:
        principal = self._principal
        if not isinstance(principal, PersonPrincipal):
            scope = principal.organisation_scope
            return true() if scope == EVERYTHING else MembershipRow.organisation_id == scope
        if principal.operator:
            return true()
        mine = MembershipRow.person_id == principal.person_id
        return or_(mine, MembershipRow.organisation_id == principal.organisation_id) if principal.manages else mine

    async def add(self, membership: Membership) -> None:
        """Store a new membership."""
        await self._session.execute(
            insert(MembershipRow).values(
                id=membership.id,
                organisation_id=membership.organisation_id,
                person_id=membership.person_id,
                role=membership.role,
                accepted_at=membership.accepted_at,
                version=membership.version,
                created_at=membership.created_at,
                changed_at=membership.changed_at,
            )
        )

    async def get(self, membership_id: UUID) -> Membership:
        """Return the membership.

        Raises:
            NotFoundError: There is none that the principal may see.
        """
        row = await self._session.scalar(
            select(MembershipRow).where(MembershipRow.id == membership_id, self._visible())
        )
        if row is None:
            raise NotFoundError("There is no membership with this id.")
        return membership_of(row)

    async def of_person(self, person_id: UUID) -> list[Membership]:
        """Return the person's memberships and invitations that the principal may see."""
        statement = select(MembershipRow).where(MembershipRow.person_id == person_id, self._visible())
        return [membership_of(row) for row in await self._session.scalars(statement.order_by(MembershipRow.id))]

    async def page(
        self,
        query: PageQuery,
        *,
        organisation_id: UUID | None,
        person_id: UUID | None,
        roles: Collection[Role],
    ) -> list[Membership]:
        """Return one more than a page of memberships, oldest first."""
        statement = select(MembershipRow).where(self._visible(), *after_id(query.cursor, MembershipRow.id))
        if organisation_id is not None:
            statement = statement.where(MembershipRow.organisation_id == organisation_id)
        if person_id is not None:
            statement = statement.where(MembershipRow.person_id == person_id)
        if roles:
            statement = statement.where(MembershipRow.role.in_(roles))
        rows = await self._session.scalars(statement.order_by(MembershipRow.id).limit(query.limit + 1))
        return [membership_of(row) for row in rows]

    async def save(self, membership: Membership) -> None:
        """Store the next version of a membership.

        Raises:
            PreconditionFailedError: Somebody else was faster.
        """
        changed = await self._session.scalar(
            update(MembershipRow)
            .where(MembershipRow.id == membership.id, MembershipRow.version == membership.version - 1)
            .values(
                role=membership.role,
                accepted_at=membership.accepted_at,
                version=membership.version,
                changed_at=membership.changed_at,
            )
            .returning(MembershipRow.id)
        )
        if changed is None:
            raise PreconditionFailedError

    async def remove(self, membership: Membership) -> None:
        """Delete a membership."""
        await self._session.execute(delete(MembershipRow).where(MembershipRow.id == membership.id))

    async def count_other_owners(self, membership: Membership) -> int:
        """Return how many owners the organisation has beside this one; nobody else changes that until the commit."""
        await self._session.execute(
            select(OrganisationRow.id).where(OrganisationRow.id == membership.organisation_id).with_for_update()
        )
        statement = select(func.count()).where(
            MembershipRow.organisation_id == membership.organisation_id,
            MembershipRow.role == Role.OWNER,
            MembershipRow.accepted_at.is_not(None),
            MembershipRow.id != membership.id,
        )
        return await self._session.scalar(statement) or 0

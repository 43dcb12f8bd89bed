"""SQL of what a person is told about themselves."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.memberships.tables import MembershipRow
from postroom_directory.organisations.tables import OrganisationRow
from postroom_shared.principal import PersonPrincipal, Role


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnOrganisation:
    """An organisation as one of its people sees it."""

    membership_id: UUID
    organisation_id: UUID
    name: str
    role: Role
    accepted: bool
    active: bool


async def own_organisations(session: AsyncSession, principal: PersonPrincipal) -> list[OwnOrganisation]:
    """Return the organisations that the person belongs to or is invited to, by name; deleted ones are left out."""
    statement = (
        select(MembershipRow, OrganisationRow.name, OrganisationRow.state)
        .join(OrganisationRow, OrganisationRow.id == MembershipRow.organisation_id)
        .where(MembershipRow.person_id == principal.person_id, OrganisationRow.state != "deleted")
        .order_by(OrganisationRow.name, OrganisationRow.id)
    )
    return [
        OwnOrganisation(
            membership_id=row.id,
            organisation_id=row.organisation_id,
            name=name,
            role=Role(row.role),
            accepted=row.accepted_at is not None,
            active=state == "active",
        )
        for row, name, state in await session.execute(statement)
    ]

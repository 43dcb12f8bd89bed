"""Use cases of memberships."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.grants.service import remove_grants_of
from postroom_directory.memberships.domain import Membership, acting_role, require_may_touch, require_owner_remains
from postroom_directory.memberships.repository import Memberships
from postroom_shared.contracts.directory import MembershipChangedV1, MembershipCreatedV1, MembershipDeletedV1
from postroom_shared.errors import ForbiddenError
from postroom_shared.events.outbox import publish
from postroom_shared.http.etag import check_version
from postroom_shared.principal import PersonPrincipal, Principal, Role
from postroom_shared.values import uuid7


async def add_membership(
    session: AsyncSession,
    principal: Principal,
    *,
    organisation_id: UUID,
    person_id: UUID,
    role: Role,
    accepted_at: datetime | None,
) -> Membership:
    """Store a membership that the caller has judged."""
    now = datetime.now(UTC)
    membership = Membership(
        id=uuid7(),
        organisation_id=organisation_id,
        person_id=person_id,
        role=role,
        accepted_at=accepted_at,
        version=1,
        created_at=now,
        changed_at=now,
    )
    await Memberships(session, principal).add(membership)
    payload = MembershipCreatedV1(id=membership.id, version=1, person_id=person_id)
    await publish(session, payload, organisation_id=organisation_id, subject_id=membership.id)
    return membership


async def change_role(
    session: AsyncSession, principal: PersonPrincipal, membership_id: UUID, *, version: int, role: Role
) -> Membership:
    """Make a person something else in the organisation.

    Raises:
        NotFoundError: The caller does not see the membership.
        ForbiddenError: The caller does not manage the organisation.
        RoleNotYoursError: An administrator touches a leading role.
        LastOwnerError: Nobody would own the organisation.
    """
    memberships = Memberships(session, principal)
    membership = await memberships.get(membership_id)
    require_may_touch(acting_role(principal, membership.organisation_id), membership.role, role)
    check_version(wanted=version, present=membership.version)
    others = await memberships.count_other_owners(membership)
    require_owner_remains(membership, becomes=role, other_owners=others)
    return await _save(session, principal, membership.in_role(role, now=datetime.now(UTC)))


async def accept_invitation(session: AsyncSession, principal: PersonPrincipal, membership_id: UUID) -> Membership:
    """Accept an invitation; only the invited person can.

    Raises:
        ForbiddenError: It is somebody else's.
        AlreadyAcceptedError: It was accepted before.
    """
    membership = await Memberships(session, principal).get(membership_id)
    if membership.person_id != principal.person_id:
        raise ForbiddenError
    return await _save(session, principal, membership.accepted(now=datetime.now(UTC)))


async def end_membership(
    session: AsyncSession, principal: PersonPrincipal, membership_id: UUID, *, version: int
) -> None:
    """Take a person out of the organisation, with all their grants; everybody may leave by themselves.

    Raises:
        ForbiddenError: The caller does not manage the organisation.
        RoleNotYoursError: An administrator takes a leading role.
        LastOwnerError: Nobody would own the organisation.
    """
    membership = await Memberships(session, principal).get(membership_id)
    if membership.person_id != principal.person_id:
        require_may_touch(acting_role(principal, membership.organisation_id), membership.role)
    check_version(wanted=version, present=membership.version)
    await remove_membership(session, principal, membership)


async def remove_membership(session: AsyncSession, principal: Principal, membership: Membership) -> None:
    """Delete a membership that the caller has judged, with all grants of the person in the organisation.

    Raises:
        LastOwnerError: Nobody would own the organisation.
    """
    memberships = Memberships(session, principal)
    others = await memberships.count_other_owners(membership)
    require_owner_remains(membership, becomes=None, other_owners=others)
    await remove_grants_of(session, person_id=membership.person_id, organisation_id=membership.organisation_id)
    await memberships.remove(membership)
    payload = MembershipDeletedV1(id=membership.id, version=membership.version + 1, person_id=membership.person_id)
    await publish(session, payload, organisation_id=membership.organisation_id, subject_id=membership.id)


async def _save(session: AsyncSession, principal: PersonPrincipal, membership: Membership) -> Membership:
    await Memberships(session, principal).save(membership)
    payload = MembershipChangedV1(id=membership.id, version=membership.version, person_id=membership.person_id)
    await publish(session, payload, organisation_id=membership.organisation_id, subject_id=membership.id)
    return membership

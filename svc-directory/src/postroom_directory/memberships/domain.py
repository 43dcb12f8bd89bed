"""Who may make whom what in an organisation; pure.

Source: docs/promises.md#roles
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from postroom_directory.memberships.errors import AlreadyAcceptedError, LastOwnerError, RoleNotYoursError
from postroom_shared.errors import ForbiddenError
from postroom_shared.principal import PersonPrincipal, Role

LEADING = frozenset({Role.OWNER, Role.LEGAL_REPRESENTATIVE})
"""Roles that only people with one of them give and take; an administrator cannot raise themselves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Membership:
    """One person in one organisation; an invitation until it is accepted."""

    id: UUID
    organisation_id: UUID
    person_id: UUID
    role: Role
    accepted_at: datetime | None
    version: int
    created_at: datetime
    changed_at: datetime

    def in_role(self, role: Role, *, now: datetime) -> "Membership":
        """Return its next version."""
        return replace(self, role=role, version=self.version + 1, changed_at=now)

    def accepted(self, *, now: datetime) -> "Membership":
        """Return its next version, which opens the organisation.

        Raises:
            AlreadyAcceptedError: It was accepted before.
        """
        if self.accepted_at is not None:
            raise AlreadyAcceptedError
        return replace(self, accepted_at=now, version=self.version + 1, changed_at=now)


def acting_role(principal: PersonPrincipal, organisation_id: UUID) -> Role:
    """Return the role in which the person manages the organisation; the operator stands in for an owner.

    Raises:
        ForbiddenError: The person does not manage it.
    """
    if principal.operator:
        return Role.OWNER
    if principal.role is None or not principal.manages or principal.organisation_id != organisation_id:
        raise ForbiddenError
    return principal.role


def require_may_touch(actor: Role, *roles: Role) -> None:
    """Refuse an administrator who gives, changes or takes a leading role.

    Raises:
        RoleNotYoursError: One of *roles* is a leading one and *actor* is not.
    """
    if actor not in LEADING and LEADING.intersection(roles):
        raise RoleNotYoursError


def require_owner_remains(membership: Membership, *, becomes: Role | None, other_owners: int) -> None:
    """Refuse to take the last owner from an organisation.

    Args:
        membership: What changes.
        becomes: The new role; None when the person leaves.
        other_owners: Owners of the organisation beside this one.

    Raises:
        LastOwnerError: Nobody would own the organisation any more.
    """
    owns = membership.role is Role.OWNER and membership.accepted_at is not None
    if owns and becomes is not Role.OWNER and other_owners == 0:
        raise LastOwnerError

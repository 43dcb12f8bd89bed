"""What a person may do with an address; pure.

Holding a grant, even without any right, is what makes an address *attached* to a person.

Source: docs/promises.md#roles
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from postroom_shared.errors import ForbiddenError
from postroom_shared.principal import AddressRight, PersonPrincipal

ALWAYS_OFFERED = frozenset({AddressRight.LOGS_READ})
"""Rights of an invited person unless the manager says otherwise. Source: docs/promises.md#logs-permission"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """What one person may do with one address."""

    id: UUID
    organisation_id: UUID
    address_id: UUID
    person_id: UUID
    rights: frozenset[AddressRight]
    version: int
    created_at: datetime
    changed_at: datetime

    def with_rights(self, rights: Iterable[AddressRight], *, now: datetime) -> "Grant":
        """Return its next version."""
        return replace(self, rights=frozenset(rights), version=self.version + 1, changed_at=now)


def offered_rights(asked: Iterable[AddressRight] | None, *, of_service: Iterable[str]) -> frozenset[AddressRight]:
    """Return the rights of a new grant: those asked for, else what the mail service gives by default, and the logs."""
    if asked is not None:
        return frozenset(asked)
    return ALWAYS_OFFERED.union(map(AddressRight, of_service))


def rights_held(principal: PersonPrincipal, granted: Iterable[AddressRight]) -> frozenset[AddressRight]:
    """Return what the person may do: everything for those who manage by role, else what was granted."""
    return frozenset(AddressRight) if principal.manages else frozenset(granted)


def require_grantor(principal: PersonPrincipal) -> None:
    """Let those who manage the acting organisation go on.

    Raises:
        ForbiddenError: The person does not.
    """
    if not principal.manages:
        raise ForbiddenError

"""The rules of organisations; pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from postroom_directory.organisations.errors import OrganisationNotEmptyError, OrganisationStateError
from postroom_shared.errors import ForbiddenError
from postroom_shared.principal import PersonPrincipal


class OrganisationState(StrEnum):
    """What an organisation may do: everything, nothing for the moment, nothing any more."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETED = "deleted"


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganisationDetails:
    """What its managers decide about an organisation."""

    name: str
    address_lines: tuple[str, ...]
    language: str
    time_zone: str
    contact_email: str | None
    registration_number: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Organisation:
    """One organisation."""

    id: UUID
    details: OrganisationDetails
    state: OrganisationState
    version: int
    created_at: datetime
    changed_at: datetime

    def with_details(self, details: OrganisationDetails, *, now: datetime) -> "Organisation":
        """Return its next version."""
        return replace(self, details=details, version=self.version + 1, changed_at=now)

    def in_state(self, state: OrganisationState, *, now: datetime) -> "Organisation":
        """Return its next version in another state.

        Raises:
            OrganisationStateError: It is in that state already, or deleted.
        """
        if self.state in {state, OrganisationState.DELETED}:
            raise OrganisationStateError(f"The organisation is {self.state}.")
        return replace(self, state=state, version=self.version + 1, changed_at=now)


def require_manager(principal: PersonPrincipal, organisation_id: UUID) -> None:
    """Let the operator and those who manage the organisation by role go on.

    Raises:
        ForbiddenError: The person is neither.

    Source: docs/promises.md#roles
    """
    if principal.operator or (principal.manages and principal.organisation_id == organisation_id):
        return
    raise ForbiddenError


def require_empty(mail_services: int) -> None:
    """Refuse to delete an organisation that still has mail services.

    Raises:
        OrganisationNotEmptyError: It has some.
    """
    if mail_services:
        raise OrganisationNotEmptyError(f"It has {mail_services} mail services; delete them first.")

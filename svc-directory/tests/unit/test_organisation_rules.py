from datetime import UTC, datetime, timedelta

import pytest

from postroom_directory.memberships.errors import RoleNotYoursError
from postroom_directory.organisations.domain import (
    Organisation,
    OrganisationDetails,
    OrganisationState,
    require_empty,
    require_manager,
)
from postroom_directory.organisations.errors import OrganisationNotEmptyError, OrganisationStateError
from postroom_shared.errors import ForbiddenError
from postroom_shared.principal import PersonPrincipal, Role
from postroom_shared.values import uuid7

THEN = datetime(2026, 11, 25, 10, tzinfo=UTC)
NOW = THEN + timedelta(hours=1)
ID = uuid7()


def organisation(state: OrganisationState = OrganisationState.ACTIVE) -> Organisation:
    details = OrganisationDetails(
        name="Example SA",
        address_lines=(),
        language="fr",
        time_zone="UTC",
        contact_email=None,
        registration_number=None,
    )
    return Organisation(id=ID, details=details, state=state, version=3, created_at=THEN, changed_at=THEN)


def person(role: Role | None, *, operator: bool = False) -> PersonPrincipal:
    return PersonPrincipal(
        person_id=uuid7(),
        organisation_id=ID if role else None,
        role=role,
        scopes=frozenset({"*"}),
        operator=operator,
    )


@pytest.mark.parametrize("state", [OrganisationState.SUSPENDED, OrganisationState.DELETED])
def test_an_active_organisation_moves_to_another_state(state: OrganisationState) -> None:
    moved = organisation().in_state(state, now=NOW)

    assert (moved.state, moved.version, moved.changed_at, moved.created_at) == (state, 4, NOW, THEN)


@pytest.mark.parametrize("state", list(OrganisationState))
def test_a_state_is_not_entered_twice_and_a_deleted_organisation_stays_deleted(state: OrganisationState) -> None:
    with pytest.raises(OrganisationStateError):
        organisation(state).in_state(state, now=NOW)
    with pytest.raises(OrganisationStateError):
        organisation(OrganisationState.DELETED).in_state(state, now=NOW)


@pytest.mark.parametrize("role", list(Role))
def test_those_who_manage_by_role_and_the_operator_may_change_it(role: Role) -> None:
    require_manager(person(None, operator=True), ID)
    if role.manages:
        require_manager(person(role), ID)
    else:
        with pytest.raises(ForbiddenError):
            require_manager(person(role), ID)
    with pytest.raises(ForbiddenError):
        require_manager(person(role), uuid7())


def test_only_an_empty_organisation_is_deleted() -> None:
    require_empty(0)

    with pytest.raises(OrganisationNotEmptyError):
        require_empty(1)


def test_refusals_have_names_of_their_own() -> None:
    assert RoleNotYoursError.type_uri() == "urn:postroom:problem:directory/role-not-yours"

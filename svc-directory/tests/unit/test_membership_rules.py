from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from postroom_directory.memberships.domain import (
    LEADING,
    Membership,
    acting_role,
    require_may_touch,
    require_owner_remains,
)
from postroom_directory.memberships.errors import AlreadyAcceptedError, LastOwnerError, RoleNotYoursError
from postroom_shared.errors import ForbiddenError
from postroom_shared.principal import PersonPrincipal, Role
from postroom_shared.values import uuid7

THEN = datetime(2026, 11, 25, 10, tzinfo=UTC)
NOW = THEN + timedelta(hours=1)


def membership(role: Role = Role.OWNER, *, accepted_at: datetime | None = THEN) -> Membership:
    return Membership(
        id=uuid7(),
        organisation_id=uuid7(),
        person_id=uuid7(),
        role=role,
        accepted_at=accepted_at,
        version=1,
        created_at=THEN,
        changed_at=THEN,
    )


@pytest.mark.parametrize(("actor", "touched"), list(product(Role, Role)))
def test_leading_roles_are_given_and_taken_by_leading_roles_only(actor: Role, touched: Role) -> None:
    if touched in LEADING and actor not in LEADING:
        with pytest.raises(RoleNotYoursError):
            require_may_touch(actor, Role.MEMBER, touched)
    else:
        require_may_touch(actor, Role.MEMBER, touched)


@pytest.mark.parametrize("becomes", [*Role, None])
@pytest.mark.parametrize("others", [0, 1])
def test_an_organisation_keeps_an_owner(becomes: Role | None, others: int) -> None:
    if becomes is Role.OWNER or others:
        require_owner_remains(membership(), becomes=becomes, other_owners=others)
    else:
        with pytest.raises(LastOwnerError):
            require_owner_remains(membership(), becomes=becomes, other_owners=others)


def test_who_is_no_owner_yet_may_always_go() -> None:
    require_owner_remains(membership(Role.MEMBER), becomes=None, other_owners=0)
    require_owner_remains(membership(accepted_at=None), becomes=None, other_owners=0)


def test_an_invitation_is_accepted_once() -> None:
    accepted = membership(accepted_at=None).accepted(now=NOW)

    assert (accepted.accepted_at, accepted.version, accepted.changed_at) == (NOW, 2, NOW)
    with pytest.raises(AlreadyAcceptedError):
        accepted.accepted(now=NOW)


def test_a_role_changes_with_the_version() -> None:
    changed = membership(Role.GUEST).in_role(Role.MEMBER, now=NOW)

    assert (changed.role, changed.version, changed.changed_at) == (Role.MEMBER, 2, NOW)


@pytest.mark.parametrize("role", list(Role))
def test_one_acts_in_ones_own_role_where_one_manages(role: Role) -> None:
    organisation_id = uuid7()
    principal = PersonPrincipal(person_id=uuid7(), organisation_id=organisation_id, role=role, scopes=frozenset({"*"}))

    assert acting_role(replace(principal, operator=True), uuid7()) is Role.OWNER
    if role.manages:
        assert acting_role(principal, organisation_id) is role
    else:
        with pytest.raises(ForbiddenError):
            acting_role(principal, organisation_id)
    for elsewhere in (principal, replace(principal, role=None, organisation_id=None)):
        with pytest.raises(ForbiddenError):
            acting_role(elsewhere, uuid7())

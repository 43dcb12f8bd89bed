from datetime import UTC, datetime

import pytest

from postroom_directory.grants.domain import Grant, offered_rights, require_grantor, rights_held
from postroom_shared.errors import ForbiddenError
from postroom_shared.principal import AddressRight, PersonPrincipal, Role
from postroom_shared.values import uuid7

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)


def person(role: Role) -> PersonPrincipal:
    return PersonPrincipal(person_id=uuid7(), organisation_id=uuid7(), role=role, scopes=frozenset({"*"}))


def test_an_invited_person_reads_the_logs_unless_the_manager_says_otherwise() -> None:
    assert offered_rights(None, of_service=["send_as"]) == {AddressRight.LOGS_READ, AddressRight.SEND_AS}
    assert offered_rights([], of_service=["send_as"]) == frozenset()
    assert offered_rights([AddressRight.SEND_AS], of_service=[]) == {AddressRight.SEND_AS}


@pytest.mark.parametrize("role", list(Role))
def test_managers_hold_every_right_and_grant(role: Role) -> None:
    held = rights_held(person(role), [AddressRight.SEND_AS])

    assert held == (frozenset(AddressRight) if role.manages else {AddressRight.SEND_AS})
    if role.manages:
        require_grantor(person(role))
    else:
        with pytest.raises(ForbiddenError):
            require_grantor(person(role))


def test_other_rights_are_another_version() -> None:
    grant = Grant(
        id=uuid7(),
        organisation_id=uuid7(),
        address_id=uuid7(),
        person_id=uuid7(),
        rights=frozenset(),
        version=1,
        created_at=NOW,
        changed_at=NOW,
    )

    changed = grant.with_rights([AddressRight.SEND_AS], now=NOW)

    assert changed.rights == frozenset({AddressRight.SEND_AS})
    assert changed.version == 2

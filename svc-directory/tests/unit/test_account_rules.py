from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from postroom_directory.memberships.domain import Membership
from postroom_directory.memberships.errors import RoleNotYoursError
from postroom_directory.people.domain import (
    Person,
    new_token,
    require_authority,
    require_operator_remains,
    require_strong,
    token_hash,
)
from postroom_directory.people.errors import LastOperatorError, SharedAccountError, WeakPasswordError
from postroom_shared.errors import ForbiddenError
from postroom_shared.principal import PersonPrincipal, Role
from postroom_shared.values import Address, uuid7

THEN = datetime(2026, 11, 25, 10, tzinfo=UTC)
NOW = THEN + timedelta(hours=1)
HERE, ELSEWHERE = uuid7(), uuid7()
ANNA = Person(
    id=uuid7(),
    email=Address("anna.meier@example.com"),
    display_name="Anna",
    language="fr",
    enabled=True,
    operator=False,
    password_hash=None,
    credential_version=1,
    version=1,
    created_at=THEN,
    changed_at=THEN,
)


def belongs(organisation_id: UUID, role: Role = Role.MEMBER, *, accepted: bool = True) -> Membership:
    return Membership(
        id=uuid7(),
        organisation_id=organisation_id,
        person_id=ANNA.id,
        role=role,
        accepted_at=THEN if accepted else None,
        version=1,
        created_at=THEN,
        changed_at=THEN,
    )


def caller(role: Role | None, *, operator: bool = False) -> PersonPrincipal:
    return PersonPrincipal(
        person_id=uuid7(),
        organisation_id=HERE if role else None,
        role=role,
        scopes=frozenset({"*"}),
        operator=operator,
    )


def test_managers_of_the_only_organisation_and_the_operator_have_authority() -> None:
    require_authority(caller(Role.ADMINISTRATOR), ANNA, [belongs(HERE)])
    require_authority(caller(Role.ADMINISTRATOR), ANNA, [belongs(HERE), belongs(ELSEWHERE, accepted=False)])
    require_authority(caller(None, operator=True), replace(ANNA, operator=True), [belongs(ELSEWHERE)])


@pytest.mark.parametrize(
    ("who", "person", "memberships", "refusal"),
    [
        (caller(Role.MEMBER), ANNA, [belongs(HERE)], ForbiddenError),
        (caller(None), ANNA, [belongs(HERE)], ForbiddenError),
        (caller(Role.OWNER), replace(ANNA, operator=True), [belongs(HERE)], ForbiddenError),
        (caller(Role.OWNER), ANNA, [belongs(HERE), belongs(ELSEWHERE)], SharedAccountError),
        (caller(Role.ADMINISTRATOR), ANNA, [belongs(HERE, Role.OWNER)], RoleNotYoursError),
    ],
)
def test_nobody_else_has_authority(
    who: PersonPrincipal, person: Person, memberships: list[Membership], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        require_authority(who, person, memberships)


@pytest.mark.parametrize(
    ("enabled", "operator", "ends"), [(True, False, False), (False, False, True), (True, True, True)]
)
def test_sessions_end_when_power_changes(enabled: bool, operator: bool, ends: bool) -> None:
    changed = ANNA.with_account(display_name="A", language="de", enabled=enabled, operator=operator, now=NOW)

    assert (changed.version, changed.display_name, changed.language, changed.changed_at) == (2, "A", "de", NOW)
    assert changed.credential_version - ANNA.credential_version == ends


def test_sessions_end_with_a_new_password() -> None:
    changed = ANNA.with_password("hash", now=NOW)

    assert (changed.password_hash, changed.version, changed.credential_version) == ("hash", 2, 2)


def test_an_installation_keeps_an_operator() -> None:
    root = replace(ANNA, operator=True)

    require_operator_remains(ANNA, becomes=None, other_operators=0)
    require_operator_remains(root, becomes=root, other_operators=0)
    require_operator_remains(root, becomes=None, other_operators=1)
    for becomes in (None, ANNA, replace(root, enabled=False)):
        with pytest.raises(LastOperatorError):
            require_operator_remains(root, becomes=becomes, other_operators=0)


@pytest.mark.parametrize(
    "password", ["anna.meier@example.com", "Anna.Meier2026!", "example.com", "aaaaaaaaaaaa", "12341234123412"]
)
def test_passwords_that_a_guesser_tries_first_are_refused(password: str) -> None:
    with pytest.raises(WeakPasswordError):
        require_strong(password, email=ANNA.email)


def test_a_long_sentence_is_a_good_password() -> None:
    require_strong("correct horse battery staple", email=ANNA.email)


def test_tokens_are_long_differ_and_are_stored_as_hashes() -> None:
    first, second = new_token(), new_token()

    assert len(first) >= 43
    assert first != second
    assert first.encode() not in token_hash(first)
    assert token_hash(first) == token_hash(first) != token_hash(second)

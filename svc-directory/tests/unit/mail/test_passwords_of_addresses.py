from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_directory.credentials.domain import (
    MOST_WRONG,
    WRONG_WINDOW,
    Credential,
    Weakness,
    require_strong,
    weakness_of,
)
from postroom_directory.credentials.errors import PasswordTooWeakError, TooManyWrongPasswordsError
from postroom_shared.values import Address, uuid7

ANNA = Address("anna.muster@example.com")
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def credential(**more: object) -> Credential:
    values = {
        "address_id": uuid7(),
        "organisation_id": uuid7(),
        "password_hash": None,
        "changed_at": None,
        "wrong_tests": 0,
        "wrong_tests_since": None,
    }
    return Credential(**values | more)  # type: ignore[arg-type] # of one dictionary


@pytest.mark.parametrize(
    ("password", "weakness"),
    [
        ("correct horse battery", None),
        ("Xk3!vv92pQ", None),
        ("Xk3!vv92p", Weakness.TOO_SHORT),
        ("ababababab", Weakness.TOO_FEW_CHARACTERS),
        ("PASSWORD123!", Weakness.COMMON),
        ("!!Bienvenue2026", Weakness.COMMON),
        ("0123456789", Weakness.COMMON),
        ("Anna.Muster99", Weakness.OWN_ADDRESS),
        ("example.com!", Weakness.OWN_ADDRESS),
        ("2026example", Weakness.OWN_ADDRESS),
        ("x anna.muster@EXAMPLE.com", Weakness.OWN_ADDRESS),
    ],
)
def test_a_password_is_judged(password: str, weakness: Weakness | None) -> None:
    assert weakness_of(password, ANNA) is weakness


def test_the_refusal_says_why() -> None:
    with pytest.raises(PasswordTooWeakError) as refused:
        require_strong("short", ANNA)

    assert refused.value.extra == {"reason": "too_short"}


@given(st.text())
def test_any_text_can_be_judged(password: str) -> None:
    assert weakness_of(password, ANNA) in {None, *Weakness}


def test_wrong_tests_add_up_to_a_wait_and_are_forgotten() -> None:
    tried = credential()
    for number in range(MOST_WRONG):
        tried.require_patience(NOW)
        tried = tried.after_wrong_test(NOW + timedelta(seconds=number))

    with pytest.raises(TooManyWrongPasswordsError) as refused:
        tried.require_patience(NOW + timedelta(minutes=1))

    assert refused.value.retry_after_s == 14 * 60
    assert tried.wrong_tests_since == NOW
    assert tried.at(NOW + WRONG_WINDOW - timedelta(seconds=1)) == tried
    tried.at(NOW + WRONG_WINDOW).require_patience(NOW + WRONG_WINDOW)
    assert tried.at(NOW + WRONG_WINDOW).wrong_tests == 0


def test_a_strong_password_passes() -> None:
    require_strong("correct horse battery", ANNA)

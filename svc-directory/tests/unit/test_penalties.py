from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_directory.sign_ins.domain import account, delay, place, wait_left

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (5, 0), (6, 1), (7, 2), (8, 4), (11, 32), (12, 60), (10_000, 60)]
)
def test_an_account_waits_longer_with_each_failure_up_to_a_minute(failures: int, seconds: int) -> None:
    assert delay(account("anna@example.com"), failures) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("failures", "seconds"), [(20, 0), (21, 1), (30, 512), (31, 900), (10_000, 900)])
def test_a_place_has_more_patience_and_waits_longer(failures: int, seconds: int) -> None:
    assert delay(place("192.0.2.1"), failures) == timedelta(seconds=seconds)


@given(st.integers(0, 10_000))
def test_the_delay_never_shrinks(failures: int) -> None:
    subject = account("anna@example.com")

    assert delay(subject, failures) <= delay(subject, failures + 1)


def test_the_name_of_an_account_has_no_case_and_is_not_kept() -> None:
    assert account(" Anna@Example.com").key == account("anna@example.com").key
    assert b"anna" not in account("anna@example.com").key
    assert account("192.0.2.1").key != place("192.0.2.1").key


def test_a_network_of_one_machine_is_one_place() -> None:
    assert place("2001:db8:1:2::1").key == place("2001:db8:1:2:ffff::9").key
    assert place("2001:db8:1:2::1").key != place("2001:db8:1:3::1").key
    assert place("192.0.2.1").key != place("192.0.2.2").key


def test_what_is_left_to_wait_is_told_in_whole_seconds() -> None:
    assert wait_left([], now=NOW) == 0
    assert wait_left([NOW], now=NOW) == 0
    assert wait_left([NOW - timedelta(1), NOW + timedelta(seconds=1.5)], now=NOW) == 2

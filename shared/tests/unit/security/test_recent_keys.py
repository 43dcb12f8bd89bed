from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from postroom_shared.security.sealing.recent_keys import RecentKeys

ONE, OTHER = uuid4(), uuid4()


@dataclass
class Clock:
    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_key_is_found_until_its_time_is_over():
    clock = Clock()
    recent = RecentKeys(capacity=10, lifetime=timedelta(seconds=60), clock=clock)
    recent.keep(ONE, b"id", b"key")

    clock.now_s = 59.9
    before = recent.find(ONE, b"id")
    clock.now_s = 60.0

    assert before == b"key"
    assert recent.find(ONE, b"id") is None


def test_using_a_key_does_not_prolong_its_time():
    clock = Clock()
    recent = RecentKeys(capacity=10, lifetime=timedelta(seconds=60), clock=clock)
    recent.keep(ONE, b"id", b"key")

    for clock.now_s in range(0, 60, 10):
        recent.find(ONE, b"id")
    clock.now_s = 60.0

    assert recent.find(ONE, b"id") is None


def test_keys_whose_time_is_over_do_not_stay_in_memory():
    clock = Clock()
    recent = RecentKeys(capacity=10, lifetime=timedelta(seconds=60), clock=clock)
    recent.keep(ONE, b"id", b"key")

    clock.now_s = 60.0
    recent.keep(OTHER, b"id", b"key")

    assert repr(recent) == "RecentKeys(1 of 10)"


def test_the_longest_unused_key_is_dropped_first():
    recent = RecentKeys(capacity=2, lifetime=timedelta(seconds=60), clock=Clock())
    recent.keep(ONE, b"1", b"key 1")
    recent.keep(ONE, b"2", b"key 2")

    recent.find(ONE, b"1")
    recent.keep(ONE, b"3", b"key 3")

    assert [recent.find(ONE, key_id) for key_id in (b"1", b"2", b"3")] == [b"key 1", None, b"key 3"]


def test_forgetting_an_organisation_leaves_the_others():
    recent = RecentKeys(capacity=10, lifetime=timedelta(seconds=60), clock=Clock())
    for organisation_id, key_id in ((ONE, b"1"), (ONE, b"2"), (OTHER, b"1")):
        recent.keep(organisation_id, key_id, b"key")

    recent.forget(ONE)

    assert recent.find(ONE, b"1") is None
    assert recent.find(ONE, b"2") is None
    assert recent.find(OTHER, b"1") == b"key"

"""Pauses between attempts."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from postroom_shared.events.waiting import first_of, growing_delay_s


@given(attempt=st.integers(1, 10_000), first_s=st.floats(0.01, 10), longest_s=st.floats(10, 1000))
def test_a_pause_grows_up_to_its_limit(attempt: int, first_s: float, longest_s: float) -> None:
    delay_s = growing_delay_s(attempt, first_s=first_s, longest_s=longest_s)

    assert first_s * 0.9 <= delay_s <= longest_s * 1.1


def test_each_pause_is_longer_than_the_one_before() -> None:
    delays_s = [growing_delay_s(attempt, first_s=1, longest_s=600, factor=4) for attempt in range(1, 6)]

    assert delays_s == sorted(delays_s)
    assert 230 < delays_s[-1] < 282


async def test_a_stop_ends_a_wait_at_once() -> None:
    stop, woken = asyncio.Event(), asyncio.Event()
    asyncio.get_running_loop().call_soon(stop.set)

    async with asyncio.timeout(1):
        assert await first_of(stop, woken, timeout_s=60)


async def test_a_wait_that_something_else_ends_is_no_stop() -> None:
    stop, woken = asyncio.Event(), asyncio.Event()
    asyncio.get_running_loop().call_soon(woken.set)

    async with asyncio.timeout(1):
        assert not await first_of(stop, woken, timeout_s=60)


async def test_a_wait_ends_when_its_time_is_over() -> None:
    assert not await first_of(asyncio.Event(), timeout_s=0.01)

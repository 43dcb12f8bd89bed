from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import uuid4

import pytest

from postroom_shared.errors import RateLimitedError
from postroom_shared.security.dialling import DialBudget

ONE, OTHER = uuid4(), uuid4()


@dataclass
class Clock:
    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s


async def spend(budget: DialBudget, times: int) -> None:
    for _ in range(times):
        async with budget.attempt(ONE):
            pass


async def test_attempts_run_out_and_come_back():
    clock = Clock()
    budget = DialBudget(per_minute=6, clock=clock)

    await spend(budget, 6)
    with pytest.raises(RateLimitedError) as caught:
        await spend(budget, 1)
    clock.now_s = 10.0
    await spend(budget, 1)

    assert caught.value.retry_after_s == 10


async def test_no_more_is_saved_up_than_a_minute_gives():
    clock = Clock()
    budget = DialBudget(per_minute=6, clock=clock)
    await spend(budget, 1)

    clock.now_s = 3600.0
    await spend(budget, 6)

    with pytest.raises(RateLimitedError):
        await spend(budget, 1)


async def test_one_organisation_does_not_spend_for_another():
    budget = DialBudget(per_minute=1, clock=Clock())
    await spend(budget, 1)

    async with budget.attempt(OTHER):
        pass


async def test_only_so_many_attempts_run_at_once():
    budget = DialBudget(at_once=2, clock=Clock())

    async with AsyncExitStack() as running:
        for _ in range(2):
            await running.enter_async_context(budget.attempt(ONE))
        with pytest.raises(RateLimitedError):
            await running.enter_async_context(budget.attempt(ONE))
    await spend(budget, 1)


async def test_a_failed_attempt_stops_running():
    budget = DialBudget(at_once=1, clock=Clock())

    with pytest.raises(OSError, match="no route"):
        async with budget.attempt(ONE):
            raise OSError("no route")

    await spend(budget, 1)


async def test_idle_organisations_are_forgotten():
    clock = Clock()
    budget = DialBudget(clock=clock)
    await spend(budget, 1)

    clock.now_s = 3600.0
    async with budget.attempt(OTHER):
        pass

    assert set(budget._accounts) == {OTHER}

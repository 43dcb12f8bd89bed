"""Waiting that a stop ends at once."""

import asyncio
import random


async def first_of(*events: asyncio.Event, timeout_s: float) -> bool:
    """Wait until one of *events* is set or the time is over; return whether the first one is set."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return events[0].is_set()


def growing_delay_s(attempt: int, *, first_s: float, longest_s: float, factor: float = 2.0) -> float:
    """Return how long to wait after failure number *attempt* (from 1): growing, capped, ±10 % so that many spread."""
    grown = min(longest_s, first_s * factor ** min(attempt - 1, 60))
    return grown * random.uniform(0.9, 1.1)  # noqa: S311 - jitter, no secret

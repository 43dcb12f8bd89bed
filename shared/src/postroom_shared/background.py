"""Work that goes on until the process stops. One of the two places that catch every exception: they log and go on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias

import structlog

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 30.0

Task: TypeAlias = tuple[str, Callable[[], Awaitable[None]]]
"""A name and a function that works until the process stops."""

log = structlog.get_logger()


async def pause(stopping: asyncio.Event, seconds: float) -> None:
    """Wait *seconds*, or less when the process stops."""
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return


async def keep_running(name: str, task: Callable[[], Awaitable[None]], *, stopping: asyncio.Event) -> None:
    """Run *task* again after every failure, with growing pauses, until *stopping* is set."""
    delay = FIRST_PAUSE_S
    while not stopping.is_set():
        started = asyncio.get_running_loop().time()
        try:
            await task()
        except Exception as error:
            log.error("background.failed", task=name, error=repr(error), exc_info=error)  # noqa: TRY400
        lasted = asyncio.get_running_loop().time() - started
        delay = FIRST_PAUSE_S if lasted > LONGEST_PAUSE_S else min(delay * 2, LONGEST_PAUSE_S)
        await pause(stopping, delay)


@asynccontextmanager
async def running(tasks: Sequence[Task], *, stopping: asyncio.Event, grace_s: float) -> AsyncIterator[None]:
    """Run *tasks* beside the body; afterwards set *stopping*, give them *grace_s* seconds, then cancel the rest."""
    async with asyncio.TaskGroup() as group:
        handles = [group.create_task(keep_running(name, task, stopping=stopping), name=name) for name, task in tasks]
        try:
            yield
        finally:
            stopping.set()
            if handles:
                _, late = await asyncio.wait(handles, timeout=grace_s)
                for handle in late:
                    handle.cancel()

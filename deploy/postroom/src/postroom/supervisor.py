"""Keep processes running: start, watch, start again after a death, stop in reverse order."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from postroom_shared.localservers.errors import LocalServerError
from postroom_shared.localservers.process import LocalProcess

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
STEADY_AFTER_S = 10.0


class Server(Protocol):
    """What can be supervised: PostgreSQL, NATS, Dovecot, a service."""

    process: LocalProcess

    async def start(self) -> None:
        """Start and wait until ready."""

    async def stop(self) -> None:
        """Stop and wait for the end."""


@dataclass(kw_only=True, eq=False)
class Supervised:
    """One server and its history.

    Attributes:
        health_path: `/readyz`, or None where an open port has to do.
        started_at: Seconds since the epoch, of the present run.
        seconds: How long the first start took.
    """

    name: str
    server: Server
    port: int
    health_path: str | None = None
    restarts: int = 0
    started_at: float = 0.0
    seconds: float = 0.0
    ready: bool = field(default=False)


class Supervisor:
    """Owns the processes of one suite.

    Args:
        changed: Called after every start, death and restart, with the servers in the order of their start.
        say: Prints a line for the person at the terminal.
    """

    def __init__(self, *, changed: Callable[[Sequence[Supervised]], None], say: Callable[[str], None]) -> None:
        self._groups: list[tuple[Supervised, ...]] = []
        self._watchers: dict[Supervised, asyncio.Task[None]] = {}
        self._changed = changed
        self._say = say

    async def start(self, *servers: Supervised) -> None:
        """Start *servers* side by side and watch them from then on.

        Raises:
            LocalServerError: One did not become ready; the others are for `stop` to end.
        """
        self._groups.append(servers)
        failures: list[BaseException] = []
        try:
            async with asyncio.TaskGroup() as group:
                for each in servers:
                    group.create_task(self._start_first(each))
        except* LocalServerError as found:
            failures.extend(found.exceptions)
        if failures:  # not raised in there: Python before 3.11.4 would wrap it in a group again
            raise failures[0]

    async def stop(self) -> None:
        """Stop everything in the reverse order of the calls of `start`; those of one call side by side."""
        for watcher in self._watchers.values():
            watcher.cancel()
        await asyncio.gather(*self._watchers.values(), return_exceptions=True)
        self._watchers.clear()
        for group in reversed(self._groups):
            await asyncio.gather(*(each.server.stop() for each in group))
        self._groups.clear()

    def _servers(self) -> list[Supervised]:
        return [each for group in self._groups for each in group]

    async def _start_first(self, supervised: Supervised) -> None:
        began = time.monotonic()
        await self._start(supervised)
        supervised.seconds = time.monotonic() - began
        self._watchers[supervised] = asyncio.create_task(self._watch(supervised), name=supervised.name)

    async def _start(self, supervised: Supervised) -> None:
        supervised.started_at = time.time()
        await supervised.server.start()
        supervised.ready = True
        self._changed(self._servers())

    async def _watch(self, supervised: Supervised) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            code = await supervised.server.process.wait()
            if time.time() - supervised.started_at > STEADY_AFTER_S:
                pause_s = FIRST_PAUSE_S
            supervised.ready = False
            supervised.restarts += 1
            self._changed(self._servers())
            self._say(f"{supervised.name} ended with code {code}; starting it again in {pause_s:g} s")
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            await self._start_again(supervised)

    async def _start_again(self, supervised: Supervised) -> None:
        try:
            await self._start(supervised)
        except LocalServerError as error:
            self._say(f"{supervised.name} did not come back: {error}")
            await supervised.server.stop()  # the watcher sees it ended and tries once more
        else:
            self._say(f"{supervised.name} is back")

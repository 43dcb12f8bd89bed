"""`postroom up` as a process of its own, for tests of the launcher and of the whole suite."""

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from postroom.ports import SPAN, Ports
from postroom_shared.localservers.errors import PortInUseError
from postroom_shared.localservers.ports import require_free

LINE_WITHIN_S = 120.0


def free_base_port() -> int:
    """Return a base port whose span is free just now, and below those the kernel gives to outgoing connections."""
    while True:
        base = random.randrange(10_000, 32_000)  # noqa: S311 - no secret
        with contextlib.suppress(PortInUseError):
            require_free({str(number): base + number for number in range(SPAN)})
            return base


@dataclass
class Launcher:
    """One data folder, and the `postroom up` that runs on it, if any.

    Attributes:
        options: Further words of `up`.
        environment: Beside this process's own.
        lines: What the running `up` has printed so far.
    """

    folder: Path
    port: int
    options: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    process: asyncio.subprocess.Process | None = None
    _reading: asyncio.Task[None] | None = field(default=None, init=False, repr=False)

    @property
    def url(self) -> str:
        """The gateway."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ports(self) -> Ports:
        """The ports that follow from the base."""
        return Ports(self.port)

    async def command(self, *words: str, **environment: str) -> asyncio.subprocess.Process:
        """Start `postroom` with *words* on the folder; output and errors come in one stream."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "postroom", *words, "--data", str(self.folder)),
            env={**os.environ, **self.environment, **environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def start(self, *words: str, **environment: str) -> asyncio.subprocess.Process:
        """Start `postroom up` without waiting."""
        self.lines.clear()
        options = ("--port", str(self.port), *self.options, *words)
        self.process = await self.command("up", *options, **environment)
        return self.process

    async def up(self, *words: str, **environment: str) -> None:
        """Start `postroom up` and wait for the ready line.

        Raises:
            RuntimeError: It ended without one; the message is what it printed.
        """
        await self.start(*words, **environment)
        if not await self.line_with("Postroom is ready"):
            raise RuntimeError("\n".join(self.lines))

    async def line_with(self, text: str) -> str:
        """Read on until a line holds *text* and return it; an empty string when the output ends first."""
        if self.process is None or self.process.stdout is None:
            raise RuntimeError("not started")
        async with asyncio.timeout(LINE_WITHIN_S):
            async for line in self.process.stdout:
                self.lines.append(line.decode().rstrip("\n"))
                if text in self.lines[-1]:
                    return self.lines[-1]
        return ""

    def read_on(self) -> None:
        """From now on read what it prints, which would fill the pipe one day, until it is stopped or killed.

        What it printed is in `lines`; `line_with` is for before.

        Raises:
            RuntimeError: It was not started.
        """
        if self.process is None or self.process.stdout is None:
            raise RuntimeError("not started")
        self._reading = asyncio.create_task(self._read(self.process.stdout))

    async def _read(self, output: asyncio.StreamReader) -> None:
        async for line in output:
            self.lines.append(line.decode().rstrip("\n"))

    async def _leave_off(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
            self._reading = None

    async def kill_all(self) -> None:
        """Kill the launcher and all that it has started, at once."""
        if self.process is None:
            raise RuntimeError("not started")
        pids = (await self.pids()).values()
        self.process.kill()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):  # it went with its parent
                os.kill(pid, signal.SIGKILL)
        await self.process.wait()
        await self._leave_off()

    async def stop(self, which: signal.Signals = signal.SIGINT) -> int:
        """Send a signal and return the exit code, once the end is there."""
        if self.process is None:
            raise RuntimeError("not started")
        await self._leave_off()
        if self.process.returncode is None:
            self.process.send_signal(which)
        output, _ = await self.process.communicate()
        self.lines += output.decode().splitlines()
        return await self.process.wait()

    async def close(self) -> None:
        """Stop it if it still runs."""
        if self.process is not None and self.process.returncode is None:
            await self.stop()

    async def json(self, command: str) -> dict[str, Any]:
        """Return what `postroom <command> --json` prints."""
        output, _ = await (await self.command(command, "--json")).communicate()
        found: dict[str, Any] = json.loads(output)
        return found

    async def pids(self) -> dict[str, int]:
        """Return the process ids of what runs, by name."""
        return {each["name"]: each["pid"] for each in (await self.json("status"))["processes"] if each["pid"]}

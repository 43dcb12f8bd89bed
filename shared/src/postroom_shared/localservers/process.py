"""One supervised child process: account, session, log file, readiness, stop, no life after its parent."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from postroom_shared.localservers import die_with_parent
from postroom_shared.localservers.accounts import Account
from postroom_shared.localservers.errors import NotReadyError, ProcessDiedError
from postroom_shared.localservers.stale import Mark

Probe = Callable[[], Awaitable[bool]]

LOG_LIMIT_BYTES = 8_000_000
PROBE_INTERVAL_S = 0.01


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """What to run and how to stop it.

    Attributes:
        name: Short and unique in *folder*; part of log lines.
        arguments: The program (absolute path) and its arguments.
        folder: The folder whose process this is; an earlier process of the same folder and name is ended first.
        log_file: Standard output and error are appended here.
        environment: The whole environment; nothing is inherited but what stands here.
        account: Run as this account; None keeps the own one.
        stop_signal: Asks for a clean end; also sent when the parent dies.
        stop_group: Whether `stop` signals the children too, where the program alone is slow to end them.
        stop_grace_s: Seconds from the stop signal to SIGKILL.
        titles: How the command lines of its processes begin, and no others', where `Mark` needs it.
    """

    name: str
    arguments: tuple[str, ...]
    folder: Path
    log_file: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    working_folder: Path | None = None
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_group: bool = False
    stop_grace_s: float = 10.0
    titles: tuple[str, ...] = ()

    @property
    def mark(self) -> Mark:
        """How this process and its children are found again."""
        return Mark.of(self.folder, self.name, titles=self.titles)


class LocalProcess:
    """A child process made from a `Command`; may be started again after it ended.

    Start it from the main thread: the kernel ends it with the *thread* that started it (prctl(2), PR_SET_PDEATHSIG).
    """

    def __init__(self, command: Command) -> None:
        self.command = command
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._popen.pid if self._popen is not None and self.running else None

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._popen is not None and self._popen.poll() is None

    @property
    def returncode(self) -> int | None:
        """The exit code of the last run, negative for a signal; None before the start and while it runs."""
        return None if self._popen is None else self._popen.poll()

    async def start(self) -> None:
        """End what an earlier run left, then start the process."""
        command = self.command
        await self.end_leftovers()
        rotate(command.log_file)
        account = command.account
        owner = (account.uid, account.gid) if account else (die_with_parent.KEEP, die_with_parent.KEEP)
        prefix = (sys.executable, "-I", "-S", die_with_parent.__file__)
        numbers = (os.getpid(), int(command.stop_signal), *owner)
        with command.log_file.open("ab") as log:
            self._popen = subprocess.Popen(  # noqa: ASYNC220, S603 - fork and exec only; the waiting is asynchronous
                [*prefix, *map(str, numbers), *command.arguments],
                env={**command.environment, **command.mark.environment()},
                cwd=command.working_folder or command.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def until_ready(self, probe: Probe, *, timeout_s: float = 30.0) -> None:
        """Wait until *probe* answers True.

        Raises:
            ProcessDiedError: The process ended first.
            NotReadyError: *timeout_s* passed.
        """
        deadline = asyncio.get_running_loop().time() + timeout_s
        while not await probe():
            if (code := self.returncode) is not None:
                raise ProcessDiedError(self.command.name, code=code, log_file=self.command.log_file)
            if asyncio.get_running_loop().time() > deadline:
                raise NotReadyError(self.command.name, after_s=timeout_s, log_file=self.command.log_file)
            await asyncio.sleep(PROBE_INTERVAL_S)

    async def wait(self) -> int:
        """Wait until the process ends and return its exit code."""
        if self._popen is None:
            raise RuntimeError(f"{self.command.name} was not started")
        while (code := self._popen.poll()) is None:
            await _end_of(self._popen.pid)
        return code

    async def stop(self) -> None:
        """End the process and all its children: stop signal, grace, SIGKILL. Does nothing when it does not run."""
        popen = self._popen
        if popen is not None and popen.poll() is None:
            # The process is not reaped yet, so its number and that of its group (start_new_session) are still its own.
            send = os.killpg if self.command.stop_group else os.kill
            send(popen.pid, self.command.stop_signal)
            try:
                await asyncio.wait_for(self.wait(), self.command.stop_grace_s)
            except TimeoutError:
                popen.kill()
                await self.wait()
        await self.end_leftovers()

    def send_signal(self, which: signal.Signals) -> None:
        """Send a signal to the process if it runs."""
        if self._popen is not None and self._popen.poll() is None:
            self._popen.send_signal(which)

    async def end_leftovers(self) -> None:
        """End what an earlier run of this command left: orphans of a killed parent, children of a killed program."""
        command = self.command
        await command.mark.end_processes(stop_signal=command.stop_signal, grace_s=command.stop_grace_s)


async def _end_of(pid: int) -> None:
    """Wait for the end of a child, or a moment where the kernel has no pidfd_open(2)."""
    try:
        descriptor = os.pidfd_open(pid)
    except (AttributeError, OSError):
        await asyncio.sleep(0.05)
        return
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def rotate(log_file: Path) -> None:
    """Keep one older log when *log_file* has grown beyond `LOG_LIMIT_BYTES`."""
    if log_file.exists() and log_file.stat().st_size > LOG_LIMIT_BYTES:
        log_file.replace(log_file.with_name(f"{log_file.name}.1"))

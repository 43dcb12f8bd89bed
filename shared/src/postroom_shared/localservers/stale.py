"""Find and end what an earlier run left behind.

Each child carries `POSTROOM_PROCESS_OF=<folder>/<name>` in its environment and hands it to its own children. A process
that carries the mark of a folder belongs to that folder, whatever its number: a recycled process id cannot be mistaken
for it. A program that wipes its environment (Dovecot writes its titles there) is known by how its command line begins.
"""

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MARK = "POSTROOM_PROCESS_OF"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """How the processes of one folder and name are known.

    Attributes:
        value: What `POSTROOM_PROCESS_OF` holds, `<folder>/<name>`.
        titles: How their command lines begin, and no others'.
    """

    value: str
    titles: tuple[str, ...] = ()

    @classmethod
    def of(cls, folder: Path, name: str, *, titles: tuple[str, ...] = ()) -> "Mark":
        """Return the mark of the process *name* of *folder*."""
        return cls(value=f"{folder.resolve()}/{name}", titles=titles)

    def environment(self) -> dict[str, str]:
        """Return what a marked process carries."""
        return {MARK: self.value}

    def processes(self) -> list[int]:
        """Return the ids of the live processes with this mark; empty where there is no /proc."""
        return [number for number in _others() if self._is_on(number)]

    def _is_on(self, number: int) -> bool:
        if f"{MARK}={self.value}".encode() in _environment(number):
            return True
        try:
            command_line = Path(f"/proc/{number}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it ended
            return False
        return command_line.startswith(self.titles)

    async def end_processes(self, *, stop_signal: signal.Signals, grace_s: float) -> int:
        """End the marked processes: *stop_signal* first, SIGKILL after *grace_s*; return how many there were."""
        return await _end(self.processes, stop_signal=stop_signal, grace_s=grace_s)


async def end_processes_below(folder: Path, *, grace_s: float = 10.0) -> int:
    """End every process that is marked as one of *folder* or a folder below it; return how many there were."""
    return await _end(lambda: _below(folder), stop_signal=signal.SIGTERM, grace_s=grace_s)


def drop_stale_pid_file(file: Path, *, expected: str) -> None:
    """Remove *file* unless the process in its first line has *expected* in its command line.

    Servers take any process of that number for their own kind, and a zombie that nobody has reaped yet, or a stranger
    after a restart of the machine, would keep them from starting. Does nothing where there is no /proc.
    """
    try:
        number = file.read_text().split()[0]
        command_line = Path(f"/proc/{number}/cmdline").read_bytes()
    except (FileNotFoundError, IndexError):
        command_line = b""
    if Path("/proc/self").exists() and expected.encode() not in command_line:
        file.unlink(missing_ok=True)


def _below(folder: Path) -> list[int]:
    start = f"{MARK}={folder.resolve()}/".encode()
    return [number for number in _others() if any(each.startswith(start) for each in _environment(number))]


def _others() -> list[int]:
    proc = Path("/proc")
    names = [entry.name for entry in proc.iterdir()] if proc.is_dir() else []
    return [int(name) for name in names if name.isdigit() and int(name) != os.getpid()]


def _environment(number: int) -> list[bytes]:
    try:
        return Path(f"/proc/{number}/environ").read_bytes().split(b"\0")
    except OSError:  # it ended, or it is another account's
        return []


async def _end(find: Callable[[], list[int]], *, stop_signal: signal.Signals, grace_s: float) -> int:
    found = find()
    _send(found, stop_signal)
    deadline = asyncio.get_running_loop().time() + grace_s
    while left := (find() if found else []):
        if asyncio.get_running_loop().time() > deadline:
            _send(left, signal.SIGKILL)
        await asyncio.sleep(0.02)
    return len(found)


def _send(numbers: list[int], which: signal.Signals) -> None:
    for number in numbers:
        try:
            os.kill(number, which)
        except ProcessLookupError:
            continue

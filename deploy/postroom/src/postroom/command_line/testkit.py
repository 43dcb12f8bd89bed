"""`postroom` as a person or a script starts it, for tests: with pipes, or at a terminal of its own."""

import asyncio
import fcntl
import json
import os
import pty
import re
import struct
import sys
import termios
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

WITHIN_S = 240.0
COLUMNS = 120
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)
_NOT_PASSED_ON = ("POSTROOM_URL", "POSTROOM_TOKEN", "LC_ALL", "LC_MESSAGES", "LANG")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    exit_code: int
    output: str
    errors: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """The JSON lines it printed."""
        return [json.loads(line) for line in self.output.splitlines()]


class CommandLine:
    """The command line of somebody with a home of their own.

    Args:
        home: Where the sign-in is kept.
        environment: Beside this process's own.
    """

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        own = {name: value for name, value in os.environ.items() if name not in _NOT_PASSED_ON}
        self._environment = {**own, "XDG_CONFIG_HOME": str(home), "LANG": "C.UTF-8", **environment}

    @property
    def sign_in_file(self) -> Path:
        """What `postroom login` keeps."""
        return self.home / "postroom" / "sign-in.json"

    async def start(self, *words: str, **environment: str) -> asyncio.subprocess.Process:
        """Start `postroom` with *words*, its input and outputs being pipes."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "postroom", *words),
            env={**self._environment, **environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=2**22,
        )

    async def run(self, *words: str, typed: str = "", **environment: str) -> Ended:
        """Run `postroom` with *words* to its end; *typed* comes on its standard input."""
        process = await self.start(*words, **environment)
        async with asyncio.timeout(WITHIN_S):
            output, errors = await process.communicate(typed.encode())
        return Ended(process.returncode or 0, output.decode(), errors.decode())

    async def at_terminal(self, *words: str, **environment: str) -> "TestTerminal":
        """Start `postroom` with *words* at a terminal."""
        return await TestTerminal.start(words, {**self._environment, "TERM": "xterm", **environment})


class TestTerminal:
    """A terminal with one command on it."""

    __test__ = False

    def __init__(self, process: asyncio.subprocess.Process, descriptor: int) -> None:
        self._process = process
        self._descriptor = descriptor
        self._raw = b""
        self._over = False
        self._new = asyncio.Event()
        asyncio.get_running_loop().add_reader(descriptor, self._read)

    @classmethod
    async def start(cls, words: tuple[str, ...], environment: Mapping[str, str]) -> Self:
        """Start the command in a session of its own, whose controlling terminal this is."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
        os.set_blocking(ours, False)
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", _TAKE_TERMINAL, sys.executable, "-m", "postroom", *words),
                env=environment,
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                start_new_session=True,
            )
        finally:
            os.close(theirs)
        return cls(process, ours)

    @property
    def text(self) -> str:
        """All that was printed so far, without colours and movements of the cursor."""
        return _ESCAPES.sub("", self._raw.decode(errors="replace"))

    async def until(self, pattern: str) -> str:
        """Wait until something is printed that matches *pattern* and return all printed so far.

        Raises:
            AssertionError: The command ended without it.
        """
        async with asyncio.timeout(WITHIN_S):
            while not re.search(pattern, self.text):
                if self._over:
                    raise AssertionError(f"{pattern} was not printed:\n{self.text}")
                await self._something_new()
        return self.text

    def type(self, text: str) -> None:
        """Type *text*; the character 3 is Ctrl-C."""
        os.write(self._descriptor, text.encode())

    async def end(self) -> Ended:
        """Wait for the end of the command."""
        async with asyncio.timeout(WITHIN_S):
            while not self._over:
                await self._something_new()
            code = await self._process.wait()
        os.close(self._descriptor)
        return Ended(code, self.text, "")

    async def _something_new(self) -> None:
        self._new.clear()
        await self._new.wait()

    def _read(self) -> None:
        try:
            came = os.read(self._descriptor, 65536)
        except BlockingIOError:
            return
        except OSError:  # EIO: the command and its children are gone
            came = b""
        self._raw += came
        if not came:
            self._over = True
            asyncio.get_running_loop().remove_reader(self._descriptor)
        self._new.set()

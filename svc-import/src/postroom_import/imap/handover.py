"""One command on its way: what the reader of the connection hands to whoever waits for the answer."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator

from postroom_import.imap.commands import Command
from postroom_import.imap.errors import ImapProtocolError, ImapRefusedError, refusal
from postroom_import.imap.results import Condition, Response, Status

# Batches that wait for the consumer, each of one network read: at most 1 MiB of message bodies.
MAX_BATCHES = 3
MAX_COLLECTED = 100_000


class PendingCommand:
    """The answer to one command: its untagged responses, then its status.

    Args:
        streamed: Responses are taken while they come (`batches`), and the connection stops reading when nobody takes
            them; otherwise they are collected in `responses`.
    """

    def __init__(self, tag: bytes, command: Command, *, streamed: bool) -> None:
        self.tag = tag
        self.name = command.name
        self.wants = command.wants
        self.when_prompted_again = command.when_prompted_again
        self.responses: list[Response] = []
        self._streamed = streamed
        self._abandoned = False
        self._batches: deque[list[Response]] = deque()
        self._changed = asyncio.Event()
        self._done: asyncio.Future[Status] = asyncio.get_running_loop().create_future()

    @property
    def is_done(self) -> bool:
        """Tell whether the status has come, or never will."""
        return self._done.done()

    @property
    def is_blocking(self) -> bool:
        """Tell whether the connection waits for somebody to take responses."""
        return self._streamed and not self._abandoned and not self.is_done

    def take(self, response: Response) -> None:
        """Store a response; the reader calls it."""
        if self._abandoned:
            return
        self.responses.append(response)
        if not self._streamed and len(self.responses) > MAX_COLLECTED:
            raise ImapProtocolError(f"more than {MAX_COLLECTED} responses to one {self.name}")

    async def hand_over(self) -> None:
        """Give what `take` stored to the consumer; wait while it has enough."""
        if not self._streamed or not self.responses:
            return
        self._push()
        while len(self._batches) >= MAX_BATCHES and self.is_blocking:
            self._changed.clear()
            await self._changed.wait()

    def _push(self) -> None:
        self._batches.append(self.responses)
        self.responses = []
        self._changed.set()

    def finish(self, status: Status) -> None:
        """Store the status; the reader calls it."""
        if self._streamed and self.responses:
            self._push()
        if not self._done.done():
            self._done.set_result(status)
        self._changed.set()

    def fail(self, error: Exception) -> None:
        """Wake whoever waits with *error*; the reader calls it."""
        if not self._done.done():
            self._done.set_exception(error)
            # The waiter may have gone away: that is no error of its own.
            self._done.exception()
        self._changed.set()

    def abandon(self) -> None:
        """Drop what still comes: the consumer has left."""
        self._abandoned = True
        self._batches.clear()
        self.responses = []
        self._changed.set()

    async def batches(self) -> AsyncGenerator[list[Response], None]:
        """Yield responses as they come; raise when the command is refused or the connection is lost."""
        while True:
            while self._batches:
                batch = self._batches.popleft()
                self._changed.set()
                yield batch
            if self._done.done():
                break
            self._changed.clear()
            await self._changed.wait()
        await self.succeeded()

    async def status(self) -> Status:
        """Wait for the status, whichever it is."""
        return await asyncio.shield(self._done)

    async def succeeded(self) -> Status:
        """Wait for the status; raise `ImapRefusedError` unless it is OK."""
        status = await self.status()
        if status.condition is not Condition.OK:
            raise refused(status)
        return status


def refused(status: Status) -> ImapRefusedError:
    """Return the error that *status*, a NO or BAD, stands for."""
    code = status.code.name if status.code else ""
    return refusal(status.text, code=code, is_bad=status.condition is Condition.BAD)

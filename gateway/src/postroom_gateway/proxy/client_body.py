"""The client's side of a request: its body as it arrives, and whether it is still there."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.types import Receive

from postroom_gateway.proxy.errors import SlowBodyError
from postroom_shared.errors import ProblemError
from postroom_shared.http.problem import BodyTooLargeError

WATCH_AFTER_S = 0.05
"""Most answers are there sooner, and need nobody to watch whether the client is."""


class BrokenBodyError(Exception):
    """Ends the upload to the service; `ClientRequest` knows why."""


class ClientGoneError(Exception):
    """The client closed its connection; nobody is there to be answered."""


class ClientRequest:
    """Read one request from its client, no faster than the service takes it.

    Attributes:
        gone: The client closed its connection.
        refusal: Why the body was not read to its end, if it was our decision.
    """

    def __init__(self, receive: Receive, *, max_octets: int, idle_timeout_s: float) -> None:
        self.gone = False
        self.refusal: ProblemError | None = None
        self._end_of_body = asyncio.Event()
        self._receive = receive
        self._max_octets = max_octets
        self._idle_timeout_s = idle_timeout_s

    async def body(self, on_progress: Callable[[], None]) -> AsyncGenerator[bytes]:
        """Yield the body; call *on_progress* before each chunk and at the end.

        Raises:
            BrokenBodyError: It has no end; `gone` or `refusal` tells why.
        """
        received = 0
        while True:
            chunk, more = await self._chunk()
            received += len(chunk)
            if received > self._max_octets:
                self.refusal = BodyTooLargeError()
                raise BrokenBodyError
            on_progress()
            if chunk:
                yield chunk
            if not more:
                self._end_of_body.set()
                return

    @property
    def body_read(self) -> bool:
        """Whether the body was read to its end."""
        return self._end_of_body.is_set()

    async def _chunk(self) -> tuple[bytes, bool]:
        try:
            async with asyncio.timeout(self._idle_timeout_s):
                message = await self._receive()
        except TimeoutError as error:
            self.refusal = SlowBodyError()
            raise BrokenBodyError from error
        if message["type"] == "http.disconnect":
            self.gone = True
            raise BrokenBodyError
        return message.get("body", b""), message.get("more_body", False)

    @asynccontextmanager
    async def watched(self, *, has_body: bool) -> AsyncIterator[None]:
        """Cancel the body of this block, quietly, when the client goes away; that is what tells the service."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - we are in a coroutine
        watcher: asyncio.Task[None] | None = None

        async def watch() -> None:
            if has_body:
                await self._end_of_body.wait()
            while (await self._receive())["type"] != "http.disconnect":
                pass
            self.gone = True
            task.cancel()

        def start() -> None:
            nonlocal watcher
            watcher = asyncio.create_task(watch())

        timer = asyncio.get_running_loop().call_later(WATCH_AFTER_S, start)
        try:
            yield
        except ClientGoneError:
            return
        except asyncio.CancelledError:
            if not self.gone or task.uncancel() > 0:
                raise
        finally:
            timer.cancel()
            if watcher is not None:
                watcher.cancel()

"""One connection to an IMAP server: commands go out in pipelines, answers find whoever asked.

A task of its own reads, so that a server which stops reading until its answers are taken does not block the sender.
It stops reading while a consumer is slow, and sending stops while the server is: memory is bounded both ways.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import chain, count, pairwise

from postroom_import.imap import commands
from postroom_import.imap.commands import Command
from postroom_import.imap.encoding import LiteralMode, Prompt, Upload, steps
from postroom_import.imap.errors import (
    ImapConnectionError,
    ImapError,
    ImapProtocolError,
    ImapTimeoutError,
    ImapUsageError,
)
from postroom_import.imap.handover import PendingCommand
from postroom_import.imap.responses import Limits, ResponseParser
from postroom_import.imap.results import (
    Capabilities,
    Condition,
    Continuation,
    Response,
    Status,
    WordsCode,
)
from postroom_import.imap.silence import SilenceWatch
from postroom_import.imap.transport import Streams, Timeouts, is_encrypted


class Connection:
    """An open connection; `opening.open_connection` makes it, `close` ends it.

    After any `ImapConnectionError` or `ImapProtocolError` it is closed and every later command raises the same again.
    """

    def __init__(self, streams: Streams, timeouts: Timeouts, limits: Limits) -> None:
        self._reader, self._writer = streams
        self._timeouts = timeouts
        self._limits = limits
        self._parser = ResponseParser(limits)
        self._tags = count(1)
        self._pending: dict[bytes, PendingCommand] = {}
        self._sending = asyncio.Lock()
        self._latest: PendingCommand | None = None
        self._prompt: asyncio.Future[bool] | None = None
        self._silence = SilenceWatch(timeouts.silence_s, is_due=lambda: bool(self._pending))
        self._greeting: asyncio.Future[Status] = asyncio.get_running_loop().create_future()
        self._failure: ImapError | None = None
        self._farewell = ""
        self.capabilities: frozenset[str] | None = None
        self.is_signed_in = False
        self._reading = self._start_reading()

    async def greeting(self) -> Status:
        """Return the server's first words; OK or PREAUTH."""
        try:
            async with asyncio.timeout(self._timeouts.greeting_s):
                greeting = await asyncio.shield(self._greeting)
        except TimeoutError as error:
            self._fail(ImapTimeoutError("the server did not greet in time"))
            raise self._lost() from error
        if greeting.condition is Condition.BYE:
            raise ImapConnectionError(f"the server sent us away: {greeting.text}")
        self.is_signed_in = greeting.condition is Condition.PREAUTH
        return greeting

    async def upgrade(self, encrypt: Callable[[Streams], Awaitable[Streams]]) -> None:
        """Go on over the streams that *encrypt* makes of the present ones.

        What was learnt in the clear is forgotten (RFC 3501 §6.2.1), and what came behind the answer is not read.
        """
        await self._stop_reading()
        if self._failure is not None:
            raise self._lost()
        self.capabilities = None
        self._parser = ResponseParser(self._limits)
        try:
            self._reader, self._writer = await encrypt((self._reader, self._writer))
        except BaseException:
            self._fail(ImapConnectionError("the connection could not be encrypted"))
            raise
        self._reading = self._start_reading()

    @property
    def is_encrypted(self) -> bool:
        """Tell whether TLS is up."""
        return is_encrypted(self._writer)

    @property
    def literal_mode(self) -> LiteralMode:
        """How the server takes literals."""
        offered = self.capabilities or frozenset()
        if "LITERAL+" in offered:
            return LiteralMode.PLUS
        return LiteralMode.MINUS if offered & {"LITERAL-", "IMAP4REV2"} else LiteralMode.SYNCHRONISING

    async def run(self, command: Command) -> PendingCommand:
        """Send a command that moves no messages and wait until it is done; raise `ImapRefusedError` if it is not."""
        try:
            async with asyncio.timeout(self._timeouts.command_s):
                pending = await self.submit(command)
                await pending.succeeded()
        except TimeoutError as error:
            self._fail(ImapTimeoutError(f"{command.name} took more than {self._timeouts.command_s:g} s"))
            raise self._lost() from error
        return pending

    async def submit(
        self, command: Command, *, mode: LiteralMode | None = None, streamed: bool = False
    ) -> PendingCommand:
        """Send a command and return while its answer is on its way.

        Args:
            command: What to send.
            mode: How literals are sent; None leaves it to what the server takes.
            streamed: The caller takes the responses while they come.
        """
        if not streamed and any(pending.is_blocking for pending in self._pending.values()):
            raise ImapUsageError("The messages of a FETCH are taken before another command is sent")
        async with self._sending:
            if self._failure is not None:
                raise self._lost()
            pending = PendingCommand(b"P%d" % next(self._tags), command, streamed=streamed)
            self._pending[pending.tag] = self._latest = pending
            self._silence.touch()
            try:
                await self._send(pending, command, mode or self.literal_mode)
            except OSError as error:
                self._fail(ImapConnectionError("the connection was lost while sending"))
                raise self._lost() from error
            except BaseException as error:
                # Half a command cannot be taken back: only closing keeps the server from waiting for the rest of it.
                self._fail(ImapConnectionError(f"{command.name} was given up half sent: {type(error).__name__}"))
                raise
        return pending

    async def _send(self, pending: PendingCommand, command: Command, mode: LiteralMode) -> None:
        for step, following in pairwise(chain(steps(pending.tag, command, mode), [b""])):
            if isinstance(following, Prompt):
                # The "+" may come before all that calls for it has left our buffers.
                self._prompt = asyncio.get_running_loop().create_future()
            if isinstance(step, Prompt):
                if not await self._is_prompted(pending):
                    return
            elif isinstance(step, Upload):
                await self._upload(step)
            else:
                await self._write(step)

    async def _write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()
        self._silence.touch()

    async def _is_prompted(self, pending: PendingCommand) -> bool:
        """Wait for "+"; False when the server ended the command instead."""
        try:
            return self._prompt is not None and not pending.is_done and await self._prompt
        finally:
            self._prompt = None

    async def _upload(self, upload: Upload) -> None:
        left = upload.size
        async for piece in upload.pieces():
            left -= len(piece)
            if left < 0:
                break
            await self._write(piece)
        if left:
            raise ImapUsageError("A message has not the size that was announced")

    def _start_reading(self) -> asyncio.Task[None]:
        task = asyncio.create_task(self._read(), name="imap reader")
        task.add_done_callback(self._reading_ended)
        return task

    def _reading_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(ImapConnectionError(f"reading broke off: {error!r}"))

    async def _stop_reading(self) -> None:
        self._reading.cancel()
        await asyncio.wait([self._reading])

    async def _read(self) -> None:
        try:
            while data := await self._silence.read(self._reader):
                await self._digest(data)
            self._fail(ImapConnectionError(f"the server closed the connection{self._farewell}"))
        except TimeoutError:
            self._fail(ImapTimeoutError(f"the server kept silent for {self._timeouts.silence_s:g} s"))
        except OSError as error:
            self._fail(ImapConnectionError(f"the connection was lost: {error}"))
        except ImapProtocolError as error:
            self._fail(error)

    async def _digest(self, data: bytes) -> None:
        streaming: PendingCommand | None = None
        for response in self._parser.feed(data):
            if isinstance(response, Status) and response.tag:
                self._complete(response)
                continue
            self._notice(response)
            pending = self._wanting(response, streaming)
            if pending is not None:
                pending.take(response)
                streaming = pending
        for pending in list(self._pending.values()):
            await pending.hand_over()

    def _wanting(self, response: Response, recent: PendingCommand | None) -> PendingCommand | None:
        """The oldest command that wants such a response: servers work in order (RFC 3501 §5.5)."""
        kind = type(response)
        if recent is not None and kind in recent.wants and not recent.is_done:
            return recent
        return next((pending for pending in self._pending.values() if kind in pending.wants), None)

    def _complete(self, status: Status) -> None:
        pending = self._pending.pop(status.tag, None)
        if pending is None:
            raise ImapProtocolError("the server answered a command that was not sent")
        self._learn(status)
        pending.finish(status)
        if pending is self._latest:
            self._answer_prompt(go_on=False)

    def _notice(self, response: Response) -> None:
        if isinstance(response, Status):
            self._learn(response)
            if response.condition is Condition.BYE:
                self._farewell = f": {response.text}"
            if not self._greeting.done():
                self._greeting.set_result(response)
        elif not self._greeting.done():
            raise ImapProtocolError("the server did not greet")
        elif isinstance(response, Continuation):
            self._continue()
        elif isinstance(response, Capabilities):
            self.capabilities = response.names

    def _learn(self, status: Status) -> None:
        if isinstance(status.code, WordsCode) and status.code.name == "CAPABILITY":
            self.capabilities = status.code.words

    def _continue(self) -> None:
        latest = self._latest
        if self._prompt is not None:
            self._answer_prompt(go_on=True)
        elif latest is not None and not latest.is_done and latest.when_prompted_again is not None:
            self._writer.write(latest.when_prompted_again + b"\r\n")
            latest.when_prompted_again = None

    def _answer_prompt(self, *, go_on: bool) -> None:
        if self._prompt is not None and not self._prompt.done():
            self._prompt.set_result(go_on)

    def _lost(self) -> ImapError:
        error = self._failure or ImapConnectionError("the connection is closed")
        return type(error)(*error.args)

    def _fail(self, error: ImapError) -> None:
        if self._failure is None:
            self._failure = error
        pending, self._pending = list(self._pending.values()), {}
        for command in pending:
            command.fail(self._lost())
        if not self._greeting.done():
            self._greeting.set_exception(self._lost())
            self._greeting.exception()
        self._answer_prompt(go_on=False)
        self._writer.transport.abort()

    async def close(self) -> None:
        """Say goodbye if the server still listens, and close the socket; never raises for a server that is gone."""
        try:
            if self._failure is None and not self._pending:
                with suppress(ImapError, TimeoutError):
                    async with asyncio.timeout(self._timeouts.logout_s):
                        await (await self.submit(commands.logout())).status()
        finally:
            await self._hang_up()

    async def _hang_up(self) -> None:
        await self._stop_reading()
        if self._failure is not None:
            # The socket was aborted; it closes in the next turn of the loop.
            await asyncio.sleep(0)
            return
        self._writer.close()
        with suppress(OSError):
            async with asyncio.timeout(self._timeouts.logout_s):
                await self._writer.wait_closed()
        self._fail(ImapConnectionError("the connection is closed"))

"""Send a request on and its answer back, as they arrive: nothing is held that has not been asked for."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import structlog
from aiohttp import ClientResponse
from starlette.types import Receive, Scope, Send

from postroom_gateway.proxy.client_body import ClientGoneError, ClientRequest
from postroom_gateway.proxy.errors import BadAnswerError, NoAnswerError
from postroom_gateway.proxy.headers import Forwarded, has_body, request_headers, response_headers
from postroom_gateway.proxy.upstream import Upstream, UpstreamLimits
from postroom_shared.errors import ProblemError

EVENT_STREAM = "text/event-stream"
log = structlog.get_logger()


class OpenStreams:
    """Event streams that are being passed on; ended when the gateway stops, so that clients go elsewhere at once."""

    def __init__(self) -> None:
        self._open: set[ClientResponse] = set()
        self._ended: set[ClientResponse] = set()

    @asynccontextmanager
    async def listed(self, response: ClientResponse) -> AsyncIterator[None]:
        """List *response* for the time of the block, if it is an event stream."""
        if response.content_type != EVENT_STREAM:
            yield
            return
        self._open.add(response)
        try:
            yield
        finally:
            self._open.discard(response)
            self._ended.discard(response)

    def end_all(self) -> None:
        """End every stream, as if its service had."""
        self._ended |= self._open
        for response in self._ended:
            response.close()

    def has_ended(self, response: ClientResponse) -> bool:
        """Return whether we ended *response*, not its service."""
        return response in self._ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request with its answer, on the way between a client and a service."""

    upstream: Upstream
    streams: OpenStreams
    scope: Scope
    receive: Receive
    send: Send

    async def run(self, forwarded: Forwarded) -> None:
        """Pass the request on and the answer back.

        Returns early, with the answer incomplete, when either side breaks off after the answer began: the server
        then closes the client's connection, which is how HTTP says that something is missing.

        Raises:
            ProblemError: The answer did not begin; the caller may answer instead.
        """
        limits = self.upstream.limits
        client = ClientRequest(self.receive, max_octets=limits.max_body_octets, idle_timeout_s=limits.idle_timeout_s)
        with_body = has_body(self.scope["headers"])
        async with self.upstream.slot(), client.watched(has_body=with_body):
            response = await self._head(client, forwarded, with_body=with_body)
            self.upstream.answered()
            try:
                async with self.streams.listed(response):
                    await self._pass_back(response)
            finally:
                # An answer that came before the end of the upload leaves a connection nobody can use again.
                if response.content.at_eof() and (client.body_read or not with_body):
                    response.release()
                else:
                    response.close()

    async def _head(self, client: ClientRequest, forwarded: Forwarded, *, with_body: bool) -> ClientResponse:
        headers = request_headers(self.scope["headers"], forwarded)
        try:
            async with _answer_phase(self.upstream.limits) as on_progress:
                return await self.upstream.connected(
                    lambda: self.upstream.request(
                        self.scope["method"],
                        _target(self.scope),
                        headers=headers,
                        body=(lambda: client.body(on_progress)) if with_body else None,
                    )
                )
        except TimeoutError as error:
            self.upstream.failed()
            raise NoAnswerError from error
        except aiohttp.ClientError as error:
            raise self._refusal(client, error) from error

    def _refusal(self, client: ClientRequest, error: aiohttp.ClientError) -> ProblemError | ClientGoneError:
        if client.gone:
            return ClientGoneError()
        if client.refusal is not None:
            return client.refusal
        self.upstream.failed()
        log.warning("gateway.bad_answer", upstream=self.upstream.name, error=repr(error))
        return BadAnswerError()

    async def _pass_back(self, response: ClientResponse) -> None:
        head = {
            "type": "http.response.start",
            "status": response.status,
            "headers": response_headers(response.raw_headers),
        }
        await self.send(head)
        try:
            async with asyncio.timeout(None) as idle:
                await self._pass_body_back(response, idle)
        except (aiohttp.ClientError, TimeoutError) as error:
            if not self.streams.has_ended(response):
                log.warning("gateway.answer_broken", upstream=self.upstream.name, error=repr(error))
                return
        await self.send({"type": "http.response.body", "body": b""})

    async def _pass_body_back(self, response: ClientResponse, idle: asyncio.Timeout) -> None:
        loop, limit_s = asyncio.get_running_loop(), self.upstream.limits.idle_timeout_s
        idle.reschedule(loop.time() + limit_s)
        while chunk := await response.content.readany():
            await self.send({"type": "http.response.body", "body": chunk, "more_body": True})
            idle.reschedule(loop.time() + limit_s)


@asynccontextmanager
async def _answer_phase(limits: UpstreamLimits) -> AsyncIterator[Callable[[], None]]:
    """Limit the time until the answer begins; the yielded function tells that the upload moves on."""
    loop = asyncio.get_running_loop()
    over = False
    try:
        async with asyncio.timeout(
            limits.connect_patience_s + limits.connect_timeout_s + limits.answer_timeout_s
        ) as phase:

            def on_progress() -> None:
                # Longer than the wait for the client's next chunk, which has a limit of its own.
                if not over:
                    phase.reschedule(loop.time() + limits.idle_timeout_s + limits.answer_timeout_s)

            yield on_progress
    finally:
        over = True


def _target(scope: Scope) -> str:
    path: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    return (path + b"?" + query if query else path).decode("ascii")

"""One service behind the gateway: its connections, how many requests it may have in hand, whether to ask it at all."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import aiohttp
from aiohttp import ClientConnectorError, ClientResponse, ClientSession, ConnectionTimeoutError
from yarl import URL

from postroom_gateway.proxy.breaker import CircuitBreaker
from postroom_gateway.proxy.errors import ServiceBusyError, ServiceDownError

CONNECT_AGAIN_AFTER_S = 0.1
KEEP_ALIVE_S = 4.0
"""Less than the 5 s after which uvicorn closes an idle connection, so that a request seldom meets a closed one."""
_OWN_FIELDS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamLimits:
    """Seconds of each phase and the number of requests, as the settings name them."""

    connect_timeout_s: float
    connect_patience_s: float
    answer_timeout_s: float
    idle_timeout_s: float
    max_concurrent_requests: int
    max_body_octets: int
    breaker_failures: int
    breaker_longest_pause_s: float


class Upstream:
    """Requests to one service. aiohttp repeats an idempotent request without a body once, on a stale connection."""

    def __init__(self, name: str, url: str, *, session: ClientSession, limits: UpstreamLimits) -> None:
        self.name = name
        self.limits = limits
        self._url = url
        self._session = session
        self._breaker = CircuitBreaker(failures=limits.breaker_failures, longest_pause_s=limits.breaker_longest_pause_s)
        self._in_hand = 0

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Take one of the service's places for the time of a request.

        Raises:
            ServiceDownError: It failed too often of late.
            ServiceBusyError: All places are taken.
        """
        now = asyncio.get_running_loop().time()
        if self._in_hand >= self.limits.max_concurrent_requests:
            raise ServiceBusyError(retry_after_s=1)
        if not self._breaker.admits(now):
            raise ServiceDownError(retry_after_s=max(1, round(self._breaker.wait_s(now))))
        self._in_hand += 1
        try:
            yield
        finally:
            self._in_hand -= 1
            self._breaker.given_up()

    def request(
        self, method: str, target: str, *, headers: list[tuple[str, str]], body: Callable[[], object] | None
    ) -> AbstractAsyncContextManager[ClientResponse]:
        """Return one attempt at the request; entering it sends, and waits for the head of the answer.

        Args:
            method: Of the request.
            target: Path and query exactly as the client sent them.
            headers: All of them, `Host` excepted.
            body: Makes a fresh asynchronous iterator of the body.
        """
        return self._session.request(
            method,
            URL(self._url + target, encoded=True),
            headers=headers,
            data=body() if body else None,
            allow_redirects=False,
        )

    async def connected(self, attempt: Callable[[], AbstractAsyncContextManager[ClientResponse]]) -> ClientResponse:
        """Return the answer to *attempt*, tried again for a while as long as nobody accepts the connection.

        Nothing of a request was sent then, so this is right for every method.

        Raises:
            ServiceDownError: Nobody accepted it in `connect_patience_s`.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.limits.connect_patience_s
        while True:
            try:
                return await attempt().__aenter__()
            except (ClientConnectorError, ConnectionTimeoutError) as error:
                if loop.time() + CONNECT_AGAIN_AFTER_S >= deadline:
                    self.failed()
                    raise ServiceDownError(retry_after_s=1) from error
            await asyncio.sleep(CONNECT_AGAIN_AFTER_S)

    def failed(self) -> None:
        """Count a failure of the service itself."""
        self._breaker.failed(asyncio.get_running_loop().time())

    def answered(self) -> None:
        """Note that the service answers."""
        self._breaker.succeeded()


@asynccontextmanager
async def open_upstreams(urls: Mapping[str, str], limits: UpstreamLimits) -> AsyncIterator[dict[str, Upstream]]:
    """Yield an `Upstream` for each of *urls*, over one pool of connections."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S, ttl_dns_cache=10)
    session = ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=limits.connect_timeout_s),
        auto_decompress=False,
        skip_auto_headers=_OWN_FIELDS,
        trust_env=False,
    )
    async with session:
        yield {name: Upstream(name, url, session=session, limits=limits) for name, url in urls.items()}

"""One process's connection to NATS."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from urllib.parse import urlsplit

import structlog
from nats.aio.client import Client
from nats.errors import Error
from nats.js import JetStreamContext

from postroom_shared.events.errors import NatsUnavailableError

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

DEFAULT_PORT = 4222
RECONNECT_WAIT_S = 0.25
PROBE_PAUSE_S = 0.05
SAME_ERROR_EVERY_S = 30.0
_VIOLATION = re.compile(r'permissions violation for (publish|subscription) to "([^"]+)"', re.IGNORECASE)


@dataclass(slots=True)
class Refusals:
    """What the server did not let us do.

    NATS answers a refused publish to nobody: the sender only times out, and the refusal arrives by itself.
    """

    _subjects: set[str] = field(default_factory=set)

    def note(self, subject: str) -> None:
        """Remember that *subject* was refused."""
        self._subjects.add(subject.lower())

    def covers(self, subject: str) -> bool:
        """Return whether *subject* was refused since the connection began."""
        return subject.lower() in self._subjects

    def forget(self) -> None:
        """Start afresh: the server may have other permissions after a reconnect."""
        self._subjects.clear()


class NatsConnection:
    """A connection that is made once and then mends itself; usable, though not connected, from the start.

    Args:
        service: Name of the service, as in its manifest; its inboxes are below `_INBOX.<service>`.
        seed: The secret of its nkey (`SU…`); None only where the server lets everybody in.
        request_s: Time limit of each JetStream request.

    Attributes:
        client: For core NATS.
        jetstream: For streams.
        refusals: What the server did not let us do.
    """

    def __init__(self, service: str, *, seed: str | None = None, request_s: float = 5.0) -> None:
        self.client = Client()
        self.jetstream: JetStreamContext = self.client.jetstream(timeout=request_s)
        self.refusals = Refusals()
        self._service = service
        self._seed = seed
        self._last_error: Exception | None = None
        self._refusal: Exception | None = None
        self._logged: tuple[str, float] = ("", 0.0)

    @property
    def is_connected(self) -> bool:
        """Whether the server answers at the moment."""
        return self.client.is_connected

    async def open(self, servers: str | Sequence[str], *, wait_s: float | None = None) -> None:
        """Connect, and reconnect for ever after.

        Args:
            servers: One URL or several of a cluster, `nats://host:port`.
            wait_s: How long to wait for a server that accepts us; None for ever.

        Raises:
            NatsUnavailableError: None did in time; the message says why.
        """
        urls = [servers] if isinstance(servers, str) else list(servers)
        try:
            async with asyncio.timeout(wait_s):
                await _probe(urls)
                await self._connect(urls)
        except (TimeoutError, OSError, Error) as error:
            why = self._refusal or self._last_error or f"nothing listens at {', '.join(map(_place, urls))}"
            raise NatsUnavailableError(f"no NATS server accepts {self._service}: {why}") from error

    async def close(self) -> None:
        """Leave; requests in flight fail."""
        if not self.client.is_closed:
            await self.client.close()

    async def _connect(self, urls: list[str]) -> None:
        await self.client.connect(
            urls,
            name=self._service,
            nkeys_seed_str=self._seed,
            inbox_prefix=f"_INBOX.{self._service}",
            error_cb=self._on_error,
            disconnected_cb=self._on_disconnected,
            reconnected_cb=self._on_reconnected,
            max_reconnect_attempts=-1,
            reconnect_time_wait=RECONNECT_WAIT_S,  # type: ignore[arg-type]  # only ever slept for
            connect_timeout=5,
        )

    async def _on_error(self, error: Exception) -> None:
        self._last_error = error
        if "authorization" in str(error).lower():
            self._refusal = error  # the next attempt may see no more than a closed connection
        if (violation := _VIOLATION.search(str(error))) is not None:
            self.refusals.note(violation[2])
            _log.error("nats.permission_refused", service=self._service, action=violation[1], subject=violation[2])
        else:
            self._warn(str(error) or type(error).__name__)

    def _warn(self, text: str) -> None:
        """Log an error, but the same one not at each of many attempts."""
        last_text, last_time = self._logged
        if text != last_text or monotonic() - last_time > SAME_ERROR_EVERY_S:
            self._logged = (text, monotonic())
            _log.warning("nats.error", service=self._service, error=text)

    async def _on_disconnected(self) -> None:
        _log.warning("nats.disconnected", service=self._service)

    async def _on_reconnected(self) -> None:
        self.refusals.forget()
        _log.info("nats.reconnected", service=self._service)


async def connect(
    servers: str | Sequence[str], *, service: str, seed: str | None = None, wait_s: float = 30.0
) -> NatsConnection:
    """Return an open connection (`NatsConnection.open`)."""
    connection = NatsConnection(service, seed=seed)
    try:
        await connection.open(servers, wait_s=wait_s)
    except NatsUnavailableError:
        await connection.close()
        raise
    return connection


async def reach_server(client: Client) -> None:
    """Return when the server has everything that was sent before, subscriptions too.

    Twice, because nats-py's `flush` sends its PING ahead of what it still holds back.
    """
    await client.flush()
    await client.flush()


async def _probe(urls: Sequence[str]) -> None:
    """Wait until one port listens; nats-py would sleep 2 s after a first refused attempt."""
    while True:
        for url in urls:
            if await _listens(url):
                return
        await asyncio.sleep(PROBE_PAUSE_S)


async def _listens(url: str) -> bool:
    parts = urlsplit(url if "//" in url else f"//{url}")
    opening = asyncio.open_connection(parts.hostname, parts.port or DEFAULT_PORT)
    try:
        _, writer = await asyncio.wait_for(opening, 2.0)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


def _place(url: str) -> str:
    return urlsplit(url if "//" in url else f"//{url}").netloc.rpartition("@")[2]

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


@dataclass(frozen=True, slots=True)
class NatsConnection:
    """The client, its JetStream context and what was refused to it."""

    client: Client
    jetstream: JetStreamContext
    refusals: Refusals

    async def close(self) -> None:
        """Send what is buffered and leave."""
        await self.client.close()


async def connect(
    servers: str | Sequence[str], *, service: str, seed: str | None = None, wait_s: float = 30.0, request_s: float = 5.0
) -> NatsConnection:
    """Return a connection that reconnects for ever; its inboxes are below `_INBOX.<service>`.

    Args:
        servers: One URL or several of a cluster, `nats://host:port`.
        service: Name of the service, as in its manifest.
        seed: The secret of its nkey (`SU…`); None only where the server lets everybody in.
        wait_s: How long to wait for a server that accepts us.
        request_s: Time limit of each JetStream request.

    Raises:
        NatsUnavailableError: None did in time; the message says why.
    """
    urls = [servers] if isinstance(servers, str) else list(servers)
    client, refusals, callbacks = Client(), Refusals(), _Callbacks(service)
    callbacks.refusals = refusals
    deadline = monotonic() + wait_s
    await _probe(urls, deadline)
    attempt = client.connect(
        urls,
        name=service,
        nkeys_seed_str=seed,
        inbox_prefix=f"_INBOX.{service}",
        error_cb=callbacks.on_error,
        disconnected_cb=callbacks.on_disconnected,
        reconnected_cb=callbacks.on_reconnected,
        max_reconnect_attempts=-1,
        reconnect_time_wait=RECONNECT_WAIT_S,  # type: ignore[arg-type]  # a float works: it goes to asyncio.sleep
        connect_timeout=5,
    )
    try:
        await asyncio.wait_for(attempt, max(0.1, deadline - monotonic()))
    except (TimeoutError, OSError, Error) as error:
        raise NatsUnavailableError(f"no NATS server accepts {service}: {callbacks.last_error or error}") from error
    return NatsConnection(client, client.jetstream(timeout=request_s), refusals)


class _Callbacks:
    """What nats-py reports by itself goes to the log, permission violations to `Refusals` too."""

    refusals: Refusals

    def __init__(self, service: str) -> None:
        self._service = service
        self.last_error: Exception | None = None

    async def on_error(self, error: Exception) -> None:
        self.last_error = error
        if (violation := _VIOLATION.search(str(error))) is not None:
            self.refusals.note(violation[2])
            _log.error("nats.permission_refused", service=self._service, action=violation[1], subject=violation[2])
        else:
            _log.warning("nats.error", service=self._service, error=str(error) or type(error).__name__)

    async def on_disconnected(self) -> None:
        _log.warning("nats.disconnected", service=self._service)

    async def on_reconnected(self) -> None:
        self.refusals.forget()
        _log.info("nats.reconnected", service=self._service)


async def _probe(urls: Sequence[str], deadline: float) -> None:
    """Wait until one port listens; nats-py would sleep 2 s after a first refused attempt."""
    while True:
        for url in urls:
            if await _listens(url):
                return
        if monotonic() > deadline:
            raise NatsUnavailableError(f"no NATS server listens at {', '.join(_place(url) for url in urls)}")
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

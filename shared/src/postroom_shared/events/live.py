"""Progress as it happens, on core NATS: what nobody listens to is gone, and nobody waits for a listener.

The truth is in the database. Publish after the commit, and send a new listener the present state first.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error

from postroom_shared.events.cloudevents import encode_data
from postroom_shared.events.nats_connection import reach_server
from postroom_shared.events.waiting import first_of

Payload = Mapping[str, Any]

MOST_A_SECOND = 4.0
PENDING_MESSAGES = 256
CHECK_EVERY_S = 1.0


def live_subject(organisation_id: UUID, topic: str, thing_id: UUID | str) -> str:
    """Return the subject of one thing's progress. *topic* is the service's name: its NATS user may use no other."""
    return f"postroom.live.{organisation_id}.{topic}.{thing_id}"


async def publish_live(
    client: Client, organisation_id: UUID, topic: str, thing_id: UUID | str, payload: Payload
) -> None:
    """Tell whoever listens; while NATS is away, nobody."""
    if client.is_connected:
        await client.publish(live_subject(organisation_id, topic, thing_id), encode_data(payload))


@asynccontextmanager
async def subscribe_live(
    client: Client, organisation_id: UUID, topic: str, thing_id: UUID | str
) -> AsyncGenerator[AsyncIterator[dict[str, Any]], None]:
    """Give an iterator over what is published from the entry of the block on; read the present state inside the block.

    The iterator ends when the connection is closed for good. A listener that falls `PENDING_MESSAGES` behind loses the
    oldest, never the latest.
    """
    waiting: deque[bytes] = deque(maxlen=PENDING_MESSAGES)
    arrived = asyncio.Event()

    async def on_message(message: Msg) -> None:
        waiting.append(message.data)
        arrived.set()

    subscription = await client.subscribe(live_subject(organisation_id, topic, thing_id), cb=on_message)
    try:
        await reach_server(client)
        yield _updates(client, waiting, arrived)
    finally:
        with suppress(Error):
            await subscription.unsubscribe()


async def _updates(client: Client, waiting: deque[bytes], arrived: asyncio.Event) -> AsyncIterator[dict[str, Any]]:
    while not client.is_closed:
        await first_of(arrived, timeout_s=CHECK_EVERY_S)
        arrived.clear()
        while waiting:
            yield json.loads(waiting.popleft())


class LiveThrottle:
    """Let through at most `per_second` values; the latest one always arrives, at the end too.

        async with LiveThrottle(send) as progress:
            progress.offer({"copied": 1})

    Args:
        send: Called with one value at a time.
        per_second: Calls of *send* in any second, at most.
    """

    def __init__(self, send: Callable[[Payload], Awaitable[None]], *, per_second: float = MOST_A_SECOND) -> None:
        self._send = send
        self._pause_s = 1.0 / per_second
        self._latest: Payload | None = None
        self._offered = asyncio.Event()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def offer(self, value: Payload) -> None:
        """Replace what will be sent next; returns at once."""
        self._latest = value
        self._offered.set()

    async def __aenter__(self) -> Self:
        """Begin to send."""
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Send what is left and end."""
        self._closing.set()
        self._offered.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while not self._closing.is_set() or self._latest is not None:
            await self._offered.wait()
            self._offered.clear()
            value, self._latest = self._latest, None
            if value is not None:
                await self._send(value)
                await asyncio.sleep(self._pause_s)
            if self._latest is not None:
                self._offered.set()

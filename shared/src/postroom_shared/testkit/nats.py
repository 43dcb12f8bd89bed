"""A nats-server for a test session."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import nats

from postroom_shared.localservers.accounts import unprivileged_account
from postroom_shared.localservers.nats import NatsServer, NatsSettings, find_nats_server
from postroom_shared.localservers.ports import free_ports


@dataclass(frozen=True, slots=True)
class TestNats:
    """A running nats-server.

    Attributes:
        server: To kill, stop, start again or reload it.
    """

    __test__: ClassVar[bool] = False

    server: NatsServer

    @property
    def url(self) -> str:
        """The address clients connect to."""
        return self.server.url

    @property
    def monitor_url(self) -> str:
        """The address of `/healthz`, `/jsz`, `/connz`."""
        return f"http://127.0.0.1:{self.server.settings.monitor_port}"

    async def forget_streams(self) -> None:
        """Delete all streams with their consumers."""
        async with await nats.connect(self.url) as client:
            jetstream = client.jetstream()
            for stream in await jetstream.streams_info():
                await jetstream.delete_stream(str(stream.config.name))


@asynccontextmanager
async def running_nats(folder: Path, *, permissions: str = "", durable: bool = False) -> AsyncIterator[TestNats]:
    """Yield a running nats-server; stop it at the end.

    Args:
        folder: Of the server; its streams stay there.
        permissions: The `authorization { … }` block; empty lets everybody in.
        durable: Sync each message to the disk before its acknowledgement, as the suite does.
    """
    port, monitor_port = free_ports(2)
    settings = NatsSettings(
        folder=folder,
        port=port,
        monitor_port=monitor_port,
        program=find_nats_server(),
        permissions=permissions,
        account=unprivileged_account(),
        durable=durable,
    )
    server = NatsServer(settings)
    await server.start()
    try:
        yield TestNats(server)
    finally:
        await server.stop()

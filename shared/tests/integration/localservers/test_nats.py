"""Our nats-server: streams survive kill -9, permissions hold, a reload drops who is gone."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats

from postroom_shared.testkit import TestNats
from postroom_shared.testkit.nats import running_nats

TWO_USERS = """authorization { users = [
  { user: "alice", password: "a" }
  { user: "bob", password: "b" }
] }"""
ONE_USER = """authorization { users = [ { user: "alice", password: "a" } ] }"""


async def test_acknowledged_events_survive_kill_9(servers_folder: Path):
    async with running_nats(servers_folder / "nats-killed", durable=True) as running:
        client = await nats.connect(running.url)
        await client.jetstream().add_stream(name="KEPT", subjects=["kept.>"])
        for number in range(20):
            await client.jetstream().publish("kept.thing", str(number).encode())
        await client.close()

        assert running.server.process.pid is not None
        os.kill(running.server.process.pid, signal.SIGKILL)
        await running.server.process.wait()
        await running.server.start()

        client = await nats.connect(running.url)
        stream = await client.jetstream().stream_info("KEPT")
        await client.close()
        assert stream.state.messages == 20


@asynccontextmanager
async def _connection(running: TestNats, options: str) -> AsyncIterator[asyncio.StreamReader]:
    """Speak the protocol by hand: nats-py leaves its socket open when the server ends the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", running.server.settings.port)
    await reader.readline()
    writer.write(f"CONNECT {options}\r\nPING\r\n".encode())
    try:
        async with asyncio.timeout(10):
            yield reader
    finally:
        writer.close()
        await writer.wait_closed()


async def test_nobody_gets_in_without_a_user(servers_folder: Path):
    async with (
        running_nats(servers_folder / "nats-closed", permissions=TWO_USERS) as running,
        _connection(running, "{}") as answers,
    ):
        assert b"Authorization Violation" in await answers.readline()


async def test_a_reload_disconnects_the_removed_user_and_keeps_the_others(servers_folder: Path):
    async with (
        running_nats(servers_folder / "nats-reloaded", permissions=TWO_USERS) as running,
        _connection(running, '{"user": "alice", "pass": "a", "verbose": false}') as alice,
        _connection(running, '{"user": "bob", "pass": "b", "verbose": false}') as bob,
    ):
        assert (await alice.readline(), await bob.readline()) == (b"PONG\r\n", b"PONG\r\n")

        running.server.reload(ONE_USER)

        await bob.read()  # returns when the server has closed the connection
        assert not alice.at_eof()

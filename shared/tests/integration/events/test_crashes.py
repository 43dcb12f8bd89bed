"""An event that was committed takes effect exactly once, whatever is killed on its way."""

import asyncio
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from postroom_shared.contracts.imports import ImportJobStartedV1
from postroom_shared.database import bind_organisation
from postroom_shared.events.outbox import publish
from postroom_shared.principal import SystemPrincipal
from postroom_shared.testkit import TestNats
from postroom_shared.values import uuid7

PROGRAM = Path(__file__).with_name("crash_process.py")


class Killable:
    """A process that is killed and started again."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(PROGRAM),
            *self._arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def until_ready(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        while b"ready" not in await self._process.stdout.readline():
            assert self._process.returncode is None

    async def kill(self) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


class Writers:
    """Several writers at once; some of their transactions fail."""

    def __init__(self, service: Any, dice: random.Random) -> None:
        self._service = service
        self._dice = dice
        self.committed: list[UUID] = []

    async def write_until(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(self._write(stop))

    async def _write(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                self.committed += await self._transaction()
            except ZeroDivisionError:
                continue
            await asyncio.sleep(self._dice.uniform(0, 0.08))

    async def _transaction(self) -> list[UUID]:
        organisation = uuid7()
        async with self._service.sessions() as session, session.begin():
            await bind_organisation(session, SystemPrincipal(organisation_id=organisation))
            ids = []
            for _ in range(self._dice.randint(1, 3)):
                payload = ImportJobStartedV1(job_id=uuid7(), target_address_id=uuid7())
                ids.append(await publish(session, payload, organisation_id=organisation, subject_id=payload.job_id))
            if self._dice.random() < 0.1:
                raise ZeroDivisionError
        return ids


@asynccontextmanager
async def replicas(publisher: Any, reader: Any, nats: TestNats) -> AsyncIterator[list[Killable]]:
    """Two relays and two consumers, as a service with two replicas has."""
    relays = [Killable("relay", publisher.dsn, nats.url) for _ in range(2)]
    consumers = [Killable("consumer", reader.dsn, nats.url) for _ in range(2)]
    everybody = [*relays, *consumers]
    try:
        await asyncio.gather(*(process.start() for process in everybody))
        await asyncio.gather(*(process.until_ready() for process in everybody))
        yield everybody
    finally:
        await asyncio.gather(*(process.kill() for process in everybody))


async def kill_at_random(everybody: list[Killable], nats: TestNats, *, dice: random.Random, kills: int) -> None:
    """Kill one process or the NATS server at random moments, each at least once; they start again meanwhile."""
    victims: list[Killable | None] = [None, *everybody, *dice.choices([None, *everybody], k=kills - 5)]
    dice.shuffle(victims)
    for victim in victims:
        await asyncio.sleep(dice.uniform(0.05, 0.6))
        if victim is None:
            nats.server.process.send_signal(signal.SIGKILL)
            await nats.server.process.wait()
            await nats.server.start()
        else:
            await victim.kill()
            await victim.start()


async def effects(reader: Any) -> list[UUID]:
    async with reader.sessions() as session:
        return list(await session.scalars(text("select event_id from effect")))


async def survives(publisher: Any, reader: Any, nats: TestNats, *, seed: int, kills: int, drain_s: float) -> int:
    """Run one campaign; return the number of committed events."""
    dice = random.Random(seed)  # noqa: S311 - a campaign that can be repeated
    writers, stop = Writers(publisher, dice), asyncio.Event()
    async with replicas(publisher, reader, nats) as everybody:
        writing = asyncio.create_task(writers.write_until(stop))
        await kill_at_random(everybody, nats, dice=dice, kills=kills)
        stop.set()
        await writing
        async with asyncio.timeout(drain_s):
            while len(await effects(reader)) < len(writers.committed):
                await asyncio.sleep(0.05)
        found = await effects(reader)

    assert sorted(found) == sorted(writers.committed), f"seed {seed}"
    return len(found)


async def test_a_committed_event_takes_effect_exactly_once_although_everything_is_killed(
    publisher: Any, reader: Any, nats: TestNats
) -> None:
    assert await survives(publisher, reader, nats, seed=2026, kills=6, drain_s=30) > 20


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(20))
async def test_a_committed_event_takes_effect_exactly_once_in_a_campaign(
    publisher: Any, reader: Any, nats: TestNats, seed: int
) -> None:
    assert await survives(publisher, reader, nats, seed=seed, kills=30, drain_s=180) > 200

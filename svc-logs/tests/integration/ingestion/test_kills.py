"""The collector is killed with SIGKILL at random moments while the log is written, torn and rotated."""

import asyncio
import json
import os
import random
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from postroom_logs.correlation.correlator import Correlator
from postroom_logs.deliveries.tables import DeliveryRow
from postroom_logs.ingestion.views import Owner, named_addresses, views_of
from postroom_logs.lines.reading import LineReader
from postroom_logs.testkit.generating import formatted, play
from postroom_shared.database import Sessions, bind_organisation
from postroom_shared.principal import SystemPrincipal
from postroom_shared.testkit import TestDatabase
from postroom_shared.testkit.services import TestIdentity
from postroom_shared.values import uuid7

ADDRESSES = [f"user{number}@dom{number % 50}.example" for number in range(2000)]


class Collector:
    """`postroom-logs collect` as a process."""

    def __init__(self, database: TestDatabase, identity: TestIdentity, log_file: Path) -> None:
        self.environment = os.environ | {
            "POSTROOM_LOGS_ENVIRONMENT": "development",
            "POSTROOM_LOGS_PORT": "1",
            "POSTROOM_LOGS_DATABASE_URL": database.dsn("logs"),
            "POSTROOM_LOGS_IDENTITY_KEY": json.dumps(identity.keys["logs"].as_dict(private=True)),
            "POSTROOM_LOGS_TRUSTED_KEYS_FILE": str(identity.trusted_keys_file),
            "POSTROOM_LOGS_MASTER_KEYS_FILE": str(identity.master_keys_file),
            "POSTROOM_LOGS_BATCH_OCTETS": "65536",
            "POSTROOM_LOGS_POLL_S": "0.02",
        }
        self.log_file = log_file
        self.process: asyncio.subprocess.Process | None = None

    async def start(self, *options: str) -> asyncio.subprocess.Process:
        command = ["-m", "postroom_logs", "collect", "--file", str(self.log_file), "--name", "test", *options]
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, *command, env=self.environment, stderr=asyncio.subprocess.PIPE
        )
        return self.process

    async def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        await self.process.communicate()

    async def finish(self) -> None:
        """Bring in what is left, and see that it ends well."""
        process = await self.start("--once")
        _, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()


def expected(lines: list[str], organisation_id: Any) -> Counter[tuple[Any, ...]]:
    reader = LineReader(zone=UTC, latest=datetime.now(UTC), host="test")
    correlator = Correlator()
    reader.read_into(lines, correlator.feed)
    found: Counter[tuple[Any, ...]] = Counter()
    for delivery in correlator.changes():
        owners = {name: Owner(name, organisation_id) for name, _ in named_addresses(delivery) if name in set(ADDRESSES)}
        found.update(
            (view.id, view.delivery.status.value, len(view.delivery.attempts), view.delivery.folder)
            for view in views_of(delivery, owners)
        )
    return found


async def kill_while_writing(collector: Collector, lines: list[str], *, seed: int, kills: int, rotations: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a seeded test
    events = sorted(
        [(chance.randrange(len(lines)), "kill") for _ in range(kills)]
        + [(chance.randrange(len(lines)), "rotate") for _ in range(rotations)]
    )
    await collector.start()
    at = 0
    for position, what in [*events, (len(lines), "end")]:
        await write_torn(collector.log_file, lines[at:position], chance)
        at = position
        if what == "kill":
            await collector.kill()
            await collector.start()
        elif what == "rotate":
            rotate(collector.log_file)
    await collector.kill()
    await collector.finish()


async def write_torn(path: Path, lines: list[str], chance: random.Random) -> None:
    for start in range(0, len(lines), 400):
        text = "".join(f"{line}\n" for line in lines[start : start + 400])
        cut = chance.randrange(len(text))
        with path.open("a") as file:
            file.write(text[:cut])
            file.flush()
            await asyncio.sleep(chance.random() / 50)
            file.write(text[cut:])


def rotate(path: Path) -> None:
    for number in range(30, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.rename(path.with_name(f"{path.name}.{number + 1}"))
    if path.exists():
        path.rename(path.with_name(f"{path.name}.1"))


async def assert_exactly_once(sessions: Sessions, lines: list[str], organisation_id: Any) -> None:
    async with sessions() as session:
        await bind_organisation(session, SystemPrincipal())
        rows = await session.execute(
            select(DeliveryRow.id, DeliveryRow.status, DeliveryRow.attempts, DeliveryRow.folder)
        )
        found = Counter((row.id, row.status, len(row.attempts), row.folder) for row in rows)
    wanted = expected(lines, organisation_id)
    assert sum((wanted - found).values()) == 0, "missing"
    assert sum((found - wanted).values()) == 0, "doubled or wrong"


@pytest.mark.parametrize(
    ("messages", "kills", "rotations", "seed"),
    [(1200, 4, 3, 7), pytest.param(15_000, 50, 12, uuid7().int % 10_000, marks=pytest.mark.campaign)],
    ids=["sample", "fifty"],
)
async def test_nothing_is_missing_or_doubled_after_kills_and_rotations(
    *,
    database: TestDatabase,
    sessions: Sessions,
    town: Any,
    identity: TestIdentity,
    log_file: Path,
    messages: int,
    kills: int,
    rotations: int,
    seed: int,
):
    organisation_id, service_id = await town.organisation()
    await town.add_addresses(organisation_id, service_id, *ADDRESSES)
    lines = list(formatted(play(seed=seed, messages=messages).lines, style="rfc3339"))

    await kill_while_writing(
        Collector(database, identity, log_file), lines, seed=seed, kills=kills, rotations=rotations
    )

    await assert_exactly_once(sessions, lines, organisation_id)

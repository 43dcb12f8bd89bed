"""docs/examples/subscribe_imports.py, run as its reader would run it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from postroom_shared.contracts.imports import ImportJobCompletedV1, ImportJobStartedV1
from postroom_shared.events.cloudevents import Event, encode
from postroom_shared.events.integrators import ensure_integrator
from postroom_shared.events.payload import EventPayload
from postroom_shared.events.streams import ensure_stream
from postroom_shared.values import uuid7

EXAMPLE = Path(__file__).parents[4] / "docs" / "examples" / "subscribe_imports.py"


def completed(copied: int) -> ImportJobCompletedV1:
    return ImportJobCompletedV1(
        job_id=uuid7(),
        target_address_id=uuid7(),
        copied=copied,
        already_there=0,
        failed=0,
        bytes=1,
        folders=1,
        duration_s=0.5,
    )


async def publish(connection: Any, payload: EventPayload, organisation_id: UUID) -> str:
    event = Event(
        id=uuid7(),
        type=payload.event_type,
        source="/postroom/import",
        time=datetime.now(UTC),
        organisation_id=organisation_id,
        subject_id=None,
        data=payload.model_dump(mode="json"),
    )
    message = encode(event)
    await connection.jetstream.publish(message.subject, message.body, headers=message.headers)
    return str(event.id)


@asynccontextmanager
async def example_running(installation: Any, seed_file: Path) -> AsyncIterator[asyncio.StreamReader]:
    environment = {
        "PATH": os.environ["PATH"],
        "NATS_URL": installation.nats.url,
        "NATS_SEED_FILE": str(seed_file),
        "POSTROOM_INTEGRATOR": str(installation.ours.id),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(EXAMPLE), env=environment, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.kill()
        await process.wait()


async def test_the_example_catches_up_and_prints_its_organisations_finished_imports_only(
    guarded: Any, tmp_path: Path
) -> None:
    seed_file = tmp_path / "integrator.nk"
    seed_file.write_text(guarded.keys["ours"].seed)
    publisher, keeper = await guarded.connect("import"), await guarded.connect("gateway")
    await ensure_stream(publisher.jetstream, guarded.manifests["import"])
    await ensure_integrator(keeper.jetstream, guarded.ours, [guarded.manifests["import"]])
    ours, theirs = guarded.ours.organisation_id, guarded.theirs.organisation_id

    first = await publish(publisher, completed(3), ours)
    await publish(publisher, completed(4), theirs)
    await publish(publisher, ImportJobStartedV1(job_id=uuid7(), target_address_id=uuid7()), ours)
    async with example_running(guarded, seed_file) as output, asyncio.timeout(10):
        before = (await output.readline()).decode()
        second = await publish(publisher, completed(5), ours)
        during = (await output.readline()).decode()
    third = await publish(publisher, completed(6), ours)
    async with example_running(guarded, seed_file) as output, asyncio.timeout(10):
        after = (await output.readline()).decode()

    assert before.startswith(first)
    assert "'copied': 3" in before
    assert during.startswith(second)
    assert after.startswith((second, third))  # killed before its acknowledgement left: then the second comes again

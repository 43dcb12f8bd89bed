"""One process of the crash test, until it is killed: `crash_process.py relay|consumer <postgresql dsn> <nats url>`."""

import asyncio
import sys

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from postroom_shared.contracts.imports import ImportJobStartedV1
from postroom_shared.database import create_engine, session_factory
from postroom_shared.events.cloudevents import Event
from postroom_shared.events.consumer import Consumer, ConsumerLoop
from postroom_shared.events.nats_connection import NatsConnection, connect
from postroom_shared.events.relay import Relay
from postroom_shared.manifest import ServiceManifest

PUBLISHER = ServiceManifest(name="import", package="postroom_shared", port_offset=2)


async def record_effect(session: AsyncSession, event: Event[ImportJobStartedV1]) -> None:
    await session.execute(text("insert into effect (event_id) values (:id)"), {"id": event.id})


async def relay(engine: AsyncEngine, nats: NatsConnection) -> None:
    await Relay(engine, nats, PUBLISHER, batch_size=64, poll_s=0.2, ack_timeout_s=2).run(asyncio.Event())


async def consume(engine: AsyncEngine, nats: NatsConnection) -> None:
    consumer = Consumer("logs", PUBLISHER.stream, "events", {ImportJobStartedV1: record_effect}, ack_wait_s=0.5)
    await ConsumerLoop(consumer, nats, session_factory(engine)).run(asyncio.Event())


async def main(part: str, dsn: str, nats_url: str) -> None:
    service = {"relay": "import", "consumer": "logs"}[part]
    engine = create_engine(dsn, schema=service, application=part)
    nats = await connect(nats_url, service=service)
    print("ready", flush=True)  # noqa: T201 - the test waits for this line
    await {"relay": relay, "consumer": consume}[part](engine, nats)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

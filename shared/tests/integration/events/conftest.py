"""Two services with the floor's tables, and a nats-server of each test's own."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from postroom_shared.database import Sessions, create_engine, session_factory
from postroom_shared.events import NatsConnection, connect
from postroom_shared.manifest import ServiceManifest
from postroom_shared.testkit import TestDatabase, TestNats
from postroom_shared.testkit.nats import running_nats

PUBLISHER = ServiceManifest(name="import", package="postroom_shared", port_offset=2, work_queue=True)
READER = ServiceManifest(name="logs", package="postroom_shared", port_offset=3, consumes=("import",))

_folders = itertools.count()


@dataclass(frozen=True)
class ServiceAtWork:
    """A service's manifest and its database."""

    manifest: ServiceManifest
    engine: AsyncEngine
    sessions: Sessions
    dsn: str


@pytest.fixture(scope="session")
def database_manifests() -> tuple[ServiceManifest, ...]:
    return (PUBLISHER, READER)


@pytest_asyncio.fixture(loop_scope="session")
async def publisher(database: TestDatabase) -> AsyncIterator[ServiceAtWork]:
    service = _service(database, PUBLISHER)
    yield service
    await service.engine.dispose()


@pytest_asyncio.fixture(loop_scope="session")
async def reader(database: TestDatabase) -> AsyncIterator[ServiceAtWork]:
    """The service that consumes; its table `effect` holds what handlers did."""
    service = _service(database, READER)
    async with service.engine.begin() as connection:
        await connection.execute(text("create table effect (id bigint generated always as identity, event_id uuid)"))
    yield service
    await service.engine.dispose()


@pytest_asyncio.fixture(loop_scope="session")
async def nats(servers_folder: Path) -> AsyncIterator[TestNats]:
    async with running_nats(servers_folder / f"nats-{next(_folders)}", durable=True) as server:
        yield server


Open = Callable[[str], Awaitable[NatsConnection]]


@pytest_asyncio.fixture(loop_scope="session")
async def open_nats(nats: TestNats) -> AsyncIterator[Open]:
    """Connect as a service; the connection is closed at the end of the test."""
    connections: list[NatsConnection] = []

    async def open_(service: str) -> NatsConnection:
        connections.append(await connect(nats.url, service=service))
        return connections[-1]

    yield open_
    for connection in connections:
        await connection.close()


def _service(database: TestDatabase, manifest: ServiceManifest) -> ServiceAtWork:
    dsn = database.dsn(manifest.schema)
    engine = create_engine(dsn, schema=manifest.schema, application=f"test {manifest.name}")
    return ServiceAtWork(manifest, engine, session_factory(engine), dsn)

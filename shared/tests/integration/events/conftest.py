"""Two services with the floor's tables, and a nats-server of each test's own."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from postroom_shared.database import Sessions, create_engine, session_factory
from postroom_shared.events.integrators import ensure_integrator
from postroom_shared.events.nats_connection import NatsConnection, connect
from postroom_shared.events.permissions import Integrator, accounts_block
from postroom_shared.events.streams import ensure_stream
from postroom_shared.events.user_keys import UserKey, new_user_key
from postroom_shared.manifest import ServiceManifest
from postroom_shared.testkit import TestDatabase, TestNats
from postroom_shared.testkit.nats import running_nats
from postroom_shared.values import uuid7

PUBLISHER = ServiceManifest(name="import", package="postroom_shared", port_offset=2, work_queue=True)
READER = ServiceManifest(name="logs", package="postroom_shared", port_offset=3, consumes=("import",))
DIRECTORY = ServiceManifest(name="directory", package="postroom_shared", port_offset=1)
GATEWAY = ServiceManifest(name="gateway", package="postroom_shared", port_offset=0, consumes=("directory",))
MANIFESTS = {manifest.name: manifest for manifest in (GATEWAY, DIRECTORY, PUBLISHER, READER)}

OURS, THEIRS = UUID("0197a5d8-0000-7000-8000-000000000001"), UUID("0197a5d8-0000-7000-8000-000000000002")

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


@dataclass(frozen=True)
class Installation:
    """A guarded server, the seeds of its users and two programs of two organisations."""

    nats: TestNats
    keys: dict[str, UserKey]
    ours: Integrator
    theirs: Integrator
    connect: Open
    manifests: dict[str, ServiceManifest]

    def block(self, *programs: Integrator) -> str:
        service_keys = {name: self.keys[name].public_key for name in self.manifests}
        return accounts_block(list(self.manifests.values()), service_keys=service_keys, integrators=programs)


@pytest_asyncio.fixture(loop_scope="session")
async def guarded(servers_folder: Path) -> AsyncIterator[Installation]:
    keys = {name: new_user_key() for name in (*MANIFESTS, "ours", "theirs")}
    ours = Integrator(id=uuid7(), organisation_id=OURS, public_key=keys["ours"].public_key)
    theirs = Integrator(id=uuid7(), organisation_id=THEIRS, public_key=keys["theirs"].public_key)
    connections: list[NatsConnection] = []
    service_keys = {name: keys[name].public_key for name in MANIFESTS}
    block = accounts_block(list(MANIFESTS.values()), service_keys=service_keys, integrators=(ours, theirs))
    async with running_nats(servers_folder / f"nats-{next(_folders)}", permissions=block) as server:

        async def connect_(name: str) -> NatsConnection:
            connections.append(await connect(server.url, service=name, seed=keys[name].seed))
            return connections[-1]

        yield Installation(server, keys, ours, theirs, connect_, MANIFESTS)
        for connection in connections:
            await connection.close()


@pytest_asyncio.fixture(loop_scope="session")
async def furnished(guarded: Installation) -> Installation:
    """The same with all streams, the programs' consumers, and two events of each organisation."""
    for name, manifest in MANIFESTS.items():
        await ensure_stream((await guarded.connect(name)).jetstream, manifest)
    keeper = await guarded.connect("gateway")
    for program in (guarded.ours, guarded.theirs):
        await ensure_integrator(keeper.jetstream, program, MANIFESTS.values())
    publisher = await guarded.connect("import")
    for number in (1, 2):
        for organisation, word in ((OURS, b"ours"), (THEIRS, b"theirs")):
            subject = f"postroom.import.job.completed.v1.{organisation}"
            await publisher.jetstream.publish(subject, b'{"%s": %d}' % (word, number))
    return guarded

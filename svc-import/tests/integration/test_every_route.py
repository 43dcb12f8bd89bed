"""What holds for every route of the service, those to come too."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from postroom_import.app import SERVICE
from postroom_import.manifest import MANIFEST
from postroom_shared.manifest import ServiceManifest
from postroom_shared.testkit import TestDatabase, TestNats
from postroom_shared.testkit.every_route import routes_open_to_anybody, routes_open_without_scope
from postroom_shared.testkit.services import RunningService, TestIdentity, running_service


@pytest.fixture(scope="session")
def database_manifests() -> tuple[ServiceManifest, ...]:
    return (MANIFEST,)


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> TestIdentity:
    return TestIdentity(tmp_path_factory.mktemp("identity"), "import")


@pytest_asyncio.fixture(loop_scope="session")
async def service(
    database: TestDatabase, nats_server: TestNats, identity: TestIdentity
) -> AsyncIterator[RunningService]:
    async with running_service(SERVICE, database=database, nats=nats_server, identity=identity) as started:
        yield started


async def test_every_route_asks_who_calls(service: RunningService) -> None:
    assert await routes_open_to_anybody(service) == {}


async def test_every_route_asks_for_its_scope(service: RunningService) -> None:
    assert await routes_open_without_scope(service) == {}

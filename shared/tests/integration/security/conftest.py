"""A database with the floor's tables, and transactions bound to an organisation."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_shared.database import bind_organisation, create_engine, session_factory
from postroom_shared.manifest import ServiceManifest
from postroom_shared.principal import SystemPrincipal
from postroom_shared.testkit import TestDatabase

Transaction: TypeAlias = Callable[[UUID | None], AbstractAsyncContextManager[AsyncSession]]
"""Opens a transaction that sees one organisation, or all with None; commits at the end of the block."""

MANIFEST = ServiceManifest(name="sealing", package="postroom_shared", port_offset=0)


@pytest.fixture(scope="session")
def database_manifests() -> tuple[ServiceManifest, ...]:
    return (MANIFEST,)


@pytest.fixture
async def transaction(database: TestDatabase) -> AsyncIterator[Transaction]:
    engine = create_engine(database.dsn(MANIFEST.schema), schema=MANIFEST.schema, application="test", pool_size=5)
    sessions = session_factory(engine)

    @asynccontextmanager
    async def opened(organisation_id: UUID | None) -> AsyncIterator[AsyncSession]:
        async with sessions() as session, session.begin():
            await bind_organisation(session, SystemPrincipal(organisation_id=organisation_id))
            yield session

    yield opened
    await engine.dispose()

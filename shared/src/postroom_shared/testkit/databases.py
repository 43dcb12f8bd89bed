"""One PostgreSQL for a test session, and a fresh database for each test that asks."""

import uuid
from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from postroom_shared.localservers.accounts import unprivileged_account
from postroom_shared.localservers.ports import free_port
from postroom_shared.localservers.postgres import PostgresServer, PostgresSettings
from postroom_shared.localservers.postgres_binaries import find_postgres
from postroom_shared.localservers.postgres_roles import (
    MAIL_READER,
    DatabaseRoles,
    create_database,
    drop_database,
    ensure_roles,
)
from postroom_shared.manifest import ServiceManifest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


PASSWORD = "test-only"  # noqa: S105 - of servers that listen on loopback and live for one test session


@dataclass(frozen=True, slots=True)
class TestDatabase:
    """A database of its own, with one role and schema for each service."""

    __test__: ClassVar[bool] = False

    server_dsn: str
    name: str

    def dsn(self, role: str) -> str:
        """Return the `postgresql://` address for *role*: a service's schema, or `mail_reader`."""
        server = urlsplit(self.server_dsn)
        return f"postgresql://{role}:{PASSWORD}@{server.hostname}:{server.port}/{self.name}"

    @property
    def superuser_dsn(self) -> str:
        """The address of the superuser, who sees all rows."""
        return urlsplit(self.server_dsn)._replace(path=f"/{self.name}").geturl()

    @property
    def mail_reader_dsn(self) -> str:
        """The address of the read-only role that mail servers use."""
        return self.dsn(MAIL_READER)


@dataclass(frozen=True, slots=True)
class TestPostgres:
    """The server of the session, known by its superuser's address."""

    __test__: ClassVar[bool] = False

    dsn: str

    @asynccontextmanager
    async def database(self, manifests: Sequence[ServiceManifest]) -> "AsyncIterator[TestDatabase]":
        """Yield a fresh database with the migrated schemas of *manifests*; drop it at the end."""
        template = await self.template(manifests)
        database = TestDatabase(self.dsn, f"test_{uuid.uuid4().hex}")
        await create_database(self.dsn, database.name, template=template)
        try:
            yield database
        finally:
            await drop_database(self.dsn, database.name)

    async def template(self, manifests: Sequence[ServiceManifest]) -> str:
        """Return the name of the migrated template of *manifests*, made once by whichever worker comes first."""
        words = " ".join(sorted(f"{each.name}={each.package}" for each in manifests))
        name = f"template_{sha256(words.encode()).hexdigest()[:16]}"
        if name not in _templates:
            await self._make_template(name, manifests)
            _templates.add(name)
        return name

    async def _make_template(self, name: str, manifests: Sequence[ServiceManifest]) -> None:
        import asyncpg  # noqa: PLC0415 - pytest loads this plugin in every run, also where nothing needs a database

        connection = await asyncpg.connect(self.dsn)
        try:
            # Roles belong to the server, so one lock serves all templates.
            await connection.execute("select pg_advisory_lock(hashtext('postroom.testkit'))")
            if await connection.fetchval("select true from pg_database where datname = $1", name):
                return
            draft = TestDatabase(self.dsn, f"draft_{uuid.uuid4().hex}")
            await create_database(self.dsn, draft.name)
            await _migrate_all(draft, manifests)
            await connection.execute(f"alter database {draft.name} rename to {name}")
        finally:
            await connection.close()


_templates: set[str] = set()


async def _migrate_all(database: TestDatabase, manifests: Sequence[ServiceManifest]) -> None:
    roles = DatabaseRoles(services={each.schema: PASSWORD for each in manifests}, mail_reader=PASSWORD)
    await ensure_roles(database.superuser_dsn, roles)
    for manifest in manifests:
        await _migrate(database.dsn(manifest.schema), manifest)


async def _migrate(dsn: str, manifest: ServiceManifest) -> None:
    from postroom_shared.database.migrating import migrate  # noqa: PLC0415 - as above

    await migrate(dsn, schema=manifest.schema, package=manifest.package)


def volatile_postgres(folder: Path) -> PostgresServer:
    """Return a server that is fast and forgets all in a crash; not started."""
    settings = PostgresSettings(
        folder=folder,
        port=free_port(),
        superuser_password=PASSWORD,
        binaries=find_postgres(),
        account=unprivileged_account(),
        durable=False,
        max_connections=300,
    )
    return PostgresServer(settings)

"""Run and write migrations. Each service's schema holds two trees: the floor's and the service's own.

A migration works with the code before and after it (expand, deploy, contract), and never waits long for a lock.
"""

import asyncio
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

from alembic import command, op
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import AsyncEngine

from postroom_shared.database.engine import create_engine

LOCK_TIMEOUT = "4s"
STATEMENT_TIMEOUT = "60s"


@dataclass(frozen=True, slots=True)
class MigrationTree:
    """One folder of migrations and the table that remembers how far it ran."""

    package: str
    version_table: str

    def config(self, connection: Connection | None = None) -> Config:
        """Return alembic's configuration of this tree."""
        config = Config()
        config.set_main_option("script_location", str(files(self.package)))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        config.attributes["version_table"] = self.version_table
        return config

    def head(self) -> str | None:
        """Return the newest revision in the folder."""
        return ScriptDirectory.from_config(self.config()).get_current_head()


FLOOR = MigrationTree("postroom_shared.database.migrations", "floor_version")


def service_tree(package: str) -> MigrationTree:
    """Return the tree of a service's own tables."""
    return MigrationTree(f"{package}.migrations", "alembic_version")


def trees_of(package: str) -> tuple[MigrationTree, ...]:
    """Return the floor's tree and the service's own, if *package* has one."""
    own = service_tree(package)
    try:
        has_own = find_spec(own.package) is not None
    except ModuleNotFoundError:
        has_own = False
    return (FLOOR, own) if has_own else (FLOOR,)


def protect_rows(table: str) -> None:
    """Inside a migration: let a transaction see only rows of its organisation (`postroom_shared.database.scope`)."""
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    op.execute(
        f"create policy organisation on {table} "
        "using (postroom_visible(organisation_id)) with check (postroom_visible(organisation_id))"
    )


def run_migration_script(metadata: MetaData | None = None) -> None:
    """Be the whole of a tree's `env.py`: run the migrations on the connection that `migrate` holds."""
    from alembic import context  # noqa: PLC0415 - exists only while alembic runs the script

    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table=context.config.attributes["version_table"],
        transaction_per_migration=False,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def _upgrade(connection: Connection, trees: tuple[MigrationTree, ...]) -> None:
    connection.execute(text("select pg_advisory_xact_lock(hashtext('postroom.migrate'))"))
    connection.execute(text(f"set local lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"set local statement_timeout = '{STATEMENT_TIMEOUT}'"))
    for tree in trees:
        command.upgrade(tree.config(connection), "head")


async def upgrade(engine: AsyncEngine, *, package: str) -> None:
    """Bring the schema of *package* to its newest revision, floor first, in one transaction; parallel runs wait."""
    async with engine.begin() as connection:
        await connection.run_sync(_upgrade, trees_of(package))


async def migrate(database_url: str, *, schema: str, package: str) -> None:
    """Open a connection of its own and `upgrade`."""
    engine = create_engine(database_url, schema=schema, application=f"{package} migrate", pool_size=1)
    try:
        await upgrade(engine, package=package)
    finally:
        await engine.dispose()


async def is_current(engine: AsyncEngine, *, package: str) -> bool:
    """Return whether both trees are at their heads; part of `/readyz`."""
    wanted = await asyncio.to_thread(lambda: [(t.version_table, t.head()) for t in trees_of(package)])
    async with engine.connect() as connection:
        found: list[Any] = [
            await connection.scalar(text(f"select version_num from {table}"))  # noqa: S608 - a constant of this module
            for table, head in wanted
            if head is not None
        ]
    return found == [head for _, head in wanted if head is not None]

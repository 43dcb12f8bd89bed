"""Run and write migrations. Each service's schema holds two trees: the floor's and the service's own.

A migration works with the code before and after it (expand, deploy, contract), and never waits long for a lock.
"""

from importlib.resources import files

from alembic import command, op
from alembic.config import Config
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import AsyncEngine

from postroom_shared.database.engine import create_engine
from postroom_shared.database.revisions import MigrationTree, trees_of

LOCK_TIMEOUT = "4s"
STATEMENT_TIMEOUT = "60s"


def configuration(tree: MigrationTree, connection: Connection | None = None) -> Config:
    """Return alembic's configuration of *tree*."""
    config = Config()
    config.set_main_option("script_location", str(files(tree.package)))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["version_table"] = tree.version_table
    return config


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
        command.upgrade(configuration(tree, connection), "head")


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

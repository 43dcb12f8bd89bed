"""The tables of events as migrations make them."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from postroom_shared.database import FloorBase
from postroom_shared.events import tables


def differences(connection: Connection) -> list[Any]:
    ours = {tables.OutboxRow.__tablename__, tables.InboxRow.__tablename__}
    options = {
        "compare_type": True,
        "include_name": lambda name, kind, _parents: kind != "table" or name in ours,
        "include_object": lambda thing, name, kind, *_: kind != "table" or name in ours,
    }
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), FloorBase.metadata))


async def test_migrations_make_the_tables_that_the_models_describe(publisher: Any) -> None:
    async with publisher.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_the_outbox_is_behind_row_level_security_for_its_owner_too(publisher: Any) -> None:
    async with publisher.engine.connect() as connection:
        wall = text("select relrowsecurity and relforcerowsecurity from pg_class where oid = 'outbox'::regclass")
        assert await connection.scalar(wall) is True

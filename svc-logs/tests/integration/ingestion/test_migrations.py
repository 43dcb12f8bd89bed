"""The migrations make exactly the tables that the code knows."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

import postroom_logs.deliveries.tables
import postroom_logs.ingestion.tables  # noqa: F401 - imported for its tables
from postroom_logs.database import Base
from postroom_shared.database import create_engine
from postroom_shared.testkit import TestDatabase


def differences(connection: Connection) -> list[object]:
    def is_ours(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or name in Base.metadata.tables

    context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": is_ours})
    return list(compare_metadata(context, Base.metadata))


async def test_tables_and_migrations_agree(database: TestDatabase):
    engine = create_engine(database.dsn("logs"), schema="logs", application="test", pool_size=1)

    async with engine.connect() as connection:
        found = await connection.run_sync(differences)

    await engine.dispose()
    assert found == []

"""Entry of alembic for the floor's tables."""

from postroom_shared.database.migrating import run_migration_script
from postroom_shared.database.tables import FloorBase

run_migration_script(FloorBase.metadata)

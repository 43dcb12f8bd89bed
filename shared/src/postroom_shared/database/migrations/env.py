"""Entry of alembic for the floor's tables."""

import postroom_shared.projection.tables  # noqa: F401 - imported for its tables
from postroom_shared.database.migrating import run_migration_script
from postroom_shared.database.tables import FloorBase

run_migration_script(FloorBase.metadata)

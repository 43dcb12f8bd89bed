"""Entry of alembic for svc-import's tables."""

from postroom_import.all_tables import METADATA
from postroom_shared.database.migrating import run_migration_script

run_migration_script(METADATA)

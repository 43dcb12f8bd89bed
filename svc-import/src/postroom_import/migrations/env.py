"""Entry of alembic for svc-import's tables."""

from postroom_shared.database.migrating import run_migration_script

from postroom_import.all_tables import METADATA

run_migration_script(METADATA)

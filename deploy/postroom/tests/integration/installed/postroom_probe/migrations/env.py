"""Run by alembic."""

from postroom_shared.database.migrating import run_migration_script

run_migration_script()

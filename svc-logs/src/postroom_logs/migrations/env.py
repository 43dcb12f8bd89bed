"""Entry of alembic; every feature's tables are imported here, so that models and migrations can be compared."""

import postroom_logs.deliveries.tables
import postroom_logs.ingestion.tables  # noqa: F401 - imported for its tables
from postroom_logs.database import Base
from postroom_shared.database.migrating import run_migration_script

run_migration_script(Base.metadata)

"""Entry of alembic; every feature's tables are imported here, so that models and migrations can be compared."""

import postroom_gateway.api_tokens.tables
import postroom_gateway.sessions.tables  # noqa: F401 - imported for its tables
from postroom_gateway.database import Base
from postroom_shared.database.migrating import run_migration_script

run_migration_script(Base.metadata)

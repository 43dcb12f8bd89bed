"""Entry of alembic; every feature's tables are imported here, so that models and migrations can be compared."""

import postroom_directory.addresses.tables
import postroom_directory.aliases.tables
import postroom_directory.application_passwords.tables
import postroom_directory.credentials.tables
import postroom_directory.delegations.tables
import postroom_directory.dkim_keys.tables
import postroom_directory.domains.tables
import postroom_directory.grants.tables
import postroom_directory.mail_servers.tables
import postroom_directory.mail_services.tables
import postroom_directory.memberships.tables
import postroom_directory.organisations.tables
import postroom_directory.people.tables
import postroom_directory.redirections.tables
import postroom_directory.sign_ins.tables  # noqa: F401 - imported for its tables
from postroom_directory.database import Base
from postroom_shared.database.migrating import run_migration_script

run_migration_script(Base.metadata)

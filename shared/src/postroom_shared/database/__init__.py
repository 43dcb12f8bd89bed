"""PostgreSQL: one schema and role a service, one transaction a request, row-level security as the second wall."""

from postroom_shared.database.engine import Sessions, create_engine, session_factory
from postroom_shared.database.scope import bind_organisation
from postroom_shared.database.tables import FloorBase, named_metadata

__all__ = ["FloorBase", "Sessions", "bind_organisation", "create_engine", "named_metadata", "session_factory"]

"""All tables of this service, for migrations."""

from postroom_import.copies import tables as _copies  # noqa: F401 - importing declares the tables
from postroom_import.copying import tables as _copying  # noqa: F401
from postroom_import.database import Base
from postroom_import.notices import tables as _notices  # noqa: F401

METADATA = Base.metadata

"""The declarative base of this service's own tables."""

from typing import Any, ClassVar

from sqlalchemy.orm import DeclarativeBase

from postroom_shared.database import named_metadata
from postroom_shared.database.tables import TYPES


class Base(DeclarativeBase):
    """Base of every table of svc-logs; constraints are named by the suite's convention."""

    metadata = named_metadata()
    type_annotation_map: ClassVar[dict[Any, Any]] = TYPES

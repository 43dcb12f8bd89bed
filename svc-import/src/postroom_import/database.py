"""The tables of svc-import."""

from typing import Any, ClassVar

from sqlalchemy.orm import DeclarativeBase

from postroom_shared.database import named_metadata
from postroom_shared.database.tables import TYPES


class Base(DeclarativeBase):
    """Base of all tables of this service."""

    metadata = named_metadata()
    type_annotation_map: ClassVar[dict[Any, Any]] = TYPES

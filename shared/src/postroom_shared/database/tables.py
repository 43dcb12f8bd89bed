"""How tables are declared: named constraints, aware timestamps, UUID keys."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import DateTime, MetaData, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase

_CONSTRAINTS = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

TYPES: dict[Any, Any] = {
    datetime: DateTime(timezone=True),
    UUID: Uuid(),
    str: Text(),
    dict[str, Any]: JSONB(),
    list[str]: JSONB(),
}
"""What a `Mapped[...]` annotation means in PostgreSQL; a service's own `Base` uses it as `type_annotation_map`."""


def named_metadata() -> MetaData:
    """Return fresh metadata whose constraints all have predictable names."""
    return MetaData(naming_convention=_CONSTRAINTS)


class FloorBase(DeclarativeBase):
    """Base of the tables that every service has in its own schema: outbox, inbox, idempotency keys, data keys."""

    metadata = named_metadata()
    type_annotation_map: ClassVar[dict[Any, Any]] = TYPES

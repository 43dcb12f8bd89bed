"""How far each source was read, and what nobody understood."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from postroom_logs.database import Base


class LogSourceRow(Base):
    """A source of lines: how far it was read, and the messages that were not over there."""

    __tablename__ = "log_source"

    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    state: Mapped[bytes | None]
    lines: Mapped[int] = mapped_column(BigInteger)
    read_at: Mapped[datetime]


class UnknownLineRow(Base):
    """Lines of a program on a host that were not understood."""

    __tablename__ = "unknown_line"

    host: Mapped[str] = mapped_column(primary_key=True)
    program: Mapped[str] = mapped_column(primary_key=True)
    lines: Mapped[int] = mapped_column(BigInteger)
    samples: Mapped[list[str]]
    seen_at: Mapped[datetime]

"""How deliveries lie in the database: one row for each message, recipient and address of ours that saw it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, desc, text
from sqlalchemy.orm import Mapped, mapped_column

from postroom_logs.database import Base

TROUBLE = ("deferred", "bounced", "rejected", "expired")
"""Statuses that people look for among many others: they have an index of their own."""


class DeliveryRow(Base):
    """A message as one address of ours saw it; partitioned by the day of `at` (`postroom_logs.ingestion.partitions`).

    `at` never changes for a row, so that it never moves to another partition. `id` begins with `at` in milliseconds.
    """

    __tablename__ = "delivery"

    at: Mapped[datetime] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    address: Mapped[str]
    direction: Mapped[str]
    status: Mapped[str]
    counterparty: Mapped[str]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    message: Mapped[UUID]
    parent: Mapped[UUID | None]
    host: Mapped[str]
    queue_id: Mapped[str]
    queue_ids: Mapped[list[str]]
    sender: Mapped[str | None]
    recipient: Mapped[str]
    original_recipient: Mapped[str | None]
    message_id: Mapped[str | None]
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    dsn: Mapped[str]
    relay: Mapped[str]
    answer: Mapped[str]
    reason: Mapped[str]
    reason_parameters: Mapped[dict[str, Any]]
    attempts: Mapped[dict[str, Any]]
    notes: Mapped[dict[str, Any]]
    login: Mapped[str | None]
    client_name: Mapped[str | None]
    client_address: Mapped[str | None]
    folder: Mapped[str | None]
    forwarded_to: Mapped[list[str]]
    answered: Mapped[bool]
    spam_score: Mapped[float | None]
    spam_action: Mapped[str | None]

    __table_args__ = (
        Index("ix_delivery_address_direction_at_id", "address", "direction", desc("at"), desc("id")),
        Index(
            "ix_delivery_trouble",
            "address",
            "direction",
            "status",
            desc("at"),
            desc("id"),
            postgresql_where=text("status in ('deferred', 'bounced', 'rejected', 'expired')"),
        ),
        {"postgresql_partition_by": "RANGE (at)"},
    )

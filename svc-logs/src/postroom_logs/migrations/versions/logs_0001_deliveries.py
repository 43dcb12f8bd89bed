"""Deliveries in partitions by day; how far each source was read; lines nobody understands."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from postroom_shared.database.migrating import protect_rows

revision = "logs_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _deliveries()
    _sources()


def _deliveries() -> None:
    op.create_table(
        "delivery",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("counterparty", sa.Text(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message", sa.Uuid(), nullable=False),
        sa.Column("parent", sa.Uuid(), nullable=True),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("queue_id", sa.Text(), nullable=False),
        sa.Column("queue_ids", JSONB(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=True),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("original_recipient", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("dsn", sa.Text(), nullable=False),
        sa.Column("relay", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reason_parameters", JSONB(), nullable=False),
        sa.Column("attempts", JSONB(), nullable=False),
        sa.Column("notes", JSONB(), nullable=False),
        sa.Column("login", sa.Text(), nullable=True),
        sa.Column("client_name", sa.Text(), nullable=True),
        sa.Column("client_address", sa.Text(), nullable=True),
        sa.Column("folder", sa.Text(), nullable=True),
        sa.Column("forwarded_to", JSONB(), nullable=False),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.Column("spam_score", sa.Double(), nullable=True),
        sa.Column("spam_action", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("at", "id"),
        postgresql_partition_by="RANGE (at)",
    )
    op.execute("create index ix_delivery_address_direction_at_id on delivery (address, direction, at desc, id desc)")
    op.execute(
        "create index ix_delivery_trouble on delivery (address, direction, status, at desc, id desc) "
        "where status in ('deferred', 'bounced', 'rejected', 'expired')"
    )
    protect_rows("delivery")


def _sources() -> None:
    op.create_table(
        "log_source",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("position", JSONB(), nullable=True),
        sa.Column("state", sa.LargeBinary(), nullable=True),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "unknown_line",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("samples", JSONB(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("host", "program"),
    )

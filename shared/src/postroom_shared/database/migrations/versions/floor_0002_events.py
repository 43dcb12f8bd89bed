"""The outbox and the inbox of events."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "floor_0002"
down_revision = "floor_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_outbox()
    _create_wake_up()
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.PrimaryKeyConstraint("consumer", "event_id", name="pk_inbox"),
    )
    op.create_index("ix_inbox_received_at", "inbox", ["received_at"])


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("headers", JSONB(), nullable=False),
        sa.Column("data", JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("event_id", name="uq_outbox_event_id"),
    )
    op.create_index("ix_outbox_unpublished", "outbox", ["id"], postgresql_where=sa.text("published_at is null"))
    op.create_index(
        "ix_outbox_published_at", "outbox", ["published_at"], postgresql_where=sa.text("published_at is not null")
    )
    op.create_index("ix_outbox_created_at", "outbox", ["created_at"])
    op.execute("alter table outbox enable row level security")
    op.execute("alter table outbox force row level security")
    # Anybody may write an event that concerns no organisation; only the relay (scope `*`) reads those.
    op.execute(
        "create policy organisation on outbox using (postroom_visible(organisation_id)) "
        "with check (organisation_id is null or postroom_visible(organisation_id))"
    )


def _create_wake_up() -> None:
    op.execute(
        """
        create function postroom_outbox_wake() returns trigger language plpgsql as $$
        begin
            perform pg_notify('postroom_outbox_' || tg_table_schema, '');
            return null;
        end
        $$
        """
    )
    # Once a statement, not once a row: NOTIFY takes a lock of the whole server at the commit.
    op.execute("create trigger wake after insert on outbox for each statement execute function postroom_outbox_wake()")

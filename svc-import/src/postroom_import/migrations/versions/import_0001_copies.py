"""Copies of mailboxes, their journal, and the mails that tell their end."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from postroom_shared.database.migrating import protect_rows

revision = "import_0001"
down_revision = None
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_NOW = sa.text("now()")
_ZERO = sa.text("0")


def upgrade() -> None:
    _create_job()
    _create_source()
    _create_folder()
    _create_batch()
    _create_item()
    _create_notice()
    for table in ("import_job", "import_source", "import_folder", "import_batch", "import_item", "import_notice"):
        protect_rows(table)


def _id() -> sa.Column[object]:
    return sa.Column("id", sa.Uuid(), nullable=False)


def _organisation() -> sa.Column[object]:
    return sa.Column("organisation_id", sa.Uuid(), nullable=False)


def _of(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{other}"
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete="CASCADE")


def _create_job() -> None:
    op.create_table(
        "import_job",
        _id(),
        _organisation(),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("target_address_id", sa.Uuid(), nullable=False),
        sa.Column("target_address", sa.Text(), nullable=False),
        sa.Column("target_mail_server_id", sa.Uuid(), nullable=False),
        sa.Column("target_key", sa.Text(), nullable=False),
        sa.Column("choice", JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("wish", sa.Text(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False, server_default=_NOW),
        sa.Column("started_at", _MOMENT, nullable=True),
        sa.Column("finished_at", _MOMENT, nullable=True),
        sa.Column("touched_at", _MOMENT, nullable=False, server_default=_NOW),
        sa.Column("waiting_since", _MOMENT, nullable=True),
        sa.Column("retry_at", _MOMENT, nullable=True),
        sa.Column("lease_holder", sa.Text(), nullable=True),
        sa.Column("lease_until", _MOMENT, nullable=True),
        sa.Column("working_s", sa.Float(), nullable=False, server_default=_ZERO),
        sa.PrimaryKeyConstraint("id", name="pk_import_job"),
    )
    op.create_index(
        "ix_import_job_organisation_id_created_at_id", "import_job", ["organisation_id", "created_at", "id"]
    )
    active = sa.text("state in ('queued', 'running')")
    op.create_index("ix_import_job_active", "import_job", ["created_at"], postgresql_where=active)
    leased = sa.text("lease_until is not null")
    op.create_index("ix_import_job_leased", "import_job", ["target_key"], postgresql_where=leased)


def _create_source() -> None:
    op.create_table(
        "import_source",
        _id(),
        _organisation(),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("tls", sa.Text(), nullable=False),
        sa.Column("is_own", sa.Boolean(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("account_key", sa.Text(), nullable=False),
        sa.Column("sealed_password", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_import_source"),
        _of("import_source", "job_id", "import_job"),
    )
    op.create_index("ix_import_source_job_id_position", "import_source", ["job_id", "position"])
    op.create_index("ix_import_source_account_key", "import_source", ["account_key"])


def _create_folder() -> None:
    counters = ("messages_done", "copied", "already_there", "failed")
    sums = ("bytes_total", "bytes_done", "copied_bytes")
    op.create_table(
        "import_folder",
        _id(),
        _organisation(),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("source_name", sa.Text(), nullable=False),
        sa.Column("source_wire", sa.LargeBinary(), nullable=False),
        sa.Column("target_name", sa.Text(), nullable=False),
        sa.Column("target_wire", sa.LargeBinary(), nullable=False),
        sa.Column("special_use", sa.Text(), nullable=True),
        sa.Column("subscribe", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=True),
        sa.Column("messages_total", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False, server_default=_ZERO) for name in counters),
        *(sa.Column(name, sa.BigInteger(), nullable=False, server_default=_ZERO) for name in sums),
        sa.PrimaryKeyConstraint("id", name="pk_import_folder"),
        _of("import_folder", "job_id", "import_job"),
        _of("import_folder", "source_id", "import_source"),
        sa.UniqueConstraint("source_id", "source_wire", name="uq_import_folder_source_id_source_wire"),
    )
    op.create_index("ix_import_folder_job_id_position", "import_folder", ["job_id", "position"])


def _create_batch() -> None:
    op.create_table(
        "import_batch",
        _id(),
        _organisation(),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("folder_id", sa.Uuid(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("uidnext_before", sa.BigInteger(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=False, server_default=_NOW),
        sa.PrimaryKeyConstraint("id", name="pk_import_batch"),
        _of("import_batch", "job_id", "import_job"),
        _of("import_batch", "folder_id", "import_folder"),
    )
    op.create_index("ix_import_batch_open", "import_batch", ["job_id"], postgresql_where=sa.text("is_open"))


def _create_item() -> None:
    op.create_table(
        "import_item",
        sa.Column("folder_id", sa.Uuid(), nullable=False),
        sa.Column("source_uid", sa.BigInteger(), nullable=False),
        _organisation(),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), nullable=False, server_default=_ZERO),
        sa.Column("target_uid", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reason_text", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("folder_id", "source_uid", name="pk_import_item"),
        _of("import_item", "folder_id", "import_folder"),
    )
    op.create_index("ix_import_item_batch_id", "import_item", ["batch_id"])
    failed = sa.text("outcome = 'failed'")
    op.create_index("ix_import_item_failed", "import_item", ["job_id"], postgresql_where=failed)


def _create_notice() -> None:
    op.create_table(
        "import_notice",
        _id(),
        _organisation(),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False, server_default=_NOW),
        sa.Column("due_at", _MOMENT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default=_ZERO),
        sa.Column("sent_at", _MOMENT, nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_import_notice"),
        _of("import_notice", "job_id", "import_job"),
        sa.UniqueConstraint("job_id", "ended_at", "recipient", name="uq_import_notice_job_id_ended_at_recipient"),
    )
    due = sa.text("sent_at is null and due_at is not null")
    op.create_index("ix_import_notice_due", "import_notice", ["due_at"], postgresql_where=due)

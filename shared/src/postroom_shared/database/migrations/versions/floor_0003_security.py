"""The wrapped keys of organisations, and the sealed files."""

import sqlalchemy as sa
from alembic import op

from postroom_shared.database.migrating import protect_rows

revision = "floor_0003"
down_revision = "floor_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "data_key",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("kek_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_data_key"),
    )
    op.create_index("ix_data_key_kek_id", "data_key", ["kek_id"])
    protect_rows("data_key")
    op.create_table(
        "blob",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_blob"),
    )
    op.create_index("ix_blob_organisation_id", "blob", ["organisation_id"])
    op.create_index("ix_blob_expires_at", "blob", ["expires_at"])
    protect_rows("blob")

"""The table of visits."""

from alembic import op

revision = "probe_0001"
down_revision = None


def upgrade() -> None:
    op.execute("create table visit (id bigint generated always as identity primary key)")

"""Organisations, people, memberships, penalties of sign-ins."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from postroom_shared.database.migrating import protect_rows

revision = "directory_0001"
down_revision = None
branch_labels = None
depends_on = None


def _moment(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    _organisations()
    _people()
    _memberships()
    _penalties()


def _organisations() -> None:
    op.create_table(
        "organisation",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address_lines", JSONB(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("contact_email", sa.Text(), nullable=True),
        sa.Column("registration_number", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _moment("created_at"),
        _moment("changed_at"),
    )
    op.execute("alter table organisation enable row level security")
    op.execute("alter table organisation force row level security")
    op.execute(
        "create policy organisation on organisation using (postroom_visible(id)) with check (postroom_visible(id))"
    )


def _people() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("email", sa.Text(), nullable=False, unique=True),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("operator", sa.Boolean(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("credential_version", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _moment("created_at"),
        _moment("changed_at"),
    )
    op.create_table(
        "password_link",
        sa.Column("token_hash", sa.LargeBinary(), primary_key=True),
        sa.Column("person_id", sa.Uuid(), sa.ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
        _moment("expires_at"),
        _moment("created_at"),
    )


def _memberships() -> None:
    op.create_table(
        "membership",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("organisation_id", sa.Uuid(), sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("person_id", sa.Uuid(), sa.ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("role", sa.Text(), nullable=False),
        _moment("accepted_at", nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _moment("created_at"),
        _moment("changed_at"),
        sa.UniqueConstraint("organisation_id", "person_id"),
    )
    protect_rows("membership")
    # A person is seen by the organisations they belong to; anybody may add one, since e-mails are unique over all.
    op.execute("alter table person enable row level security")
    op.execute("alter table person force row level security")
    op.execute(
        "create policy organisation on person using (current_setting('postroom.organisation', true) = '*' "
        "or exists (select from membership m where m.person_id = person.id)) with check (true)"
    )


def _penalties() -> None:
    op.create_table(
        "sign_in_penalty",
        sa.Column("subject", sa.LargeBinary(), primary_key=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        _moment("refused_until"),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False, index=True),
    )

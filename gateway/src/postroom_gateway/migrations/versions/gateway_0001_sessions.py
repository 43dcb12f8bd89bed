"""Sessions with their token pairs, API tokens, and the word to every gateway that somebody's identity changed."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from postroom_gateway.person_rows import protect_person_rows

revision = "gateway_0001"
down_revision = None
branch_labels = None
depends_on = None

_MINE = "person_id::text = current_setting('postroom.person', true)"


def _moment(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    _sessions()
    _api_tokens()
    _notifications()


def _sessions() -> None:
    op.create_table(
        "session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("csrf_token", sa.Text(), nullable=False),
        sa.Column("credential_version", sa.Integer(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        _moment("created_at"),
        _moment("last_used_at"),
        _moment("expires_at"),
        _moment("ended_at", nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
    )
    op.create_index("ix_session_person_id", "session", ["person_id"], postgresql_where=sa.text("ended_at is null"))
    op.create_index("ix_session_ended_at", "session", ["ended_at"], postgresql_where=sa.text("ended_at is not null"))
    op.create_table(
        "session_token_pair",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("access_hash", sa.LargeBinary(), nullable=False),
        sa.Column("refresh_hash", sa.LargeBinary(), nullable=False),
        _moment("issued_at"),
        _moment("access_expires_at"),
        _moment("first_used_at", nullable=True),
        _moment("replaced_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_session_token_pair"),
        sa.UniqueConstraint("access_hash", name="uq_session_token_pair_access_hash"),
        sa.UniqueConstraint("refresh_hash", name="uq_session_token_pair_refresh_hash"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name="fk_session_token_pair_session_id_session", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_session_token_pair_session_id", "session_token_pair", ["session_id"])
    protect_person_rows("session", condition=_MINE)
    # The policy of `session` applies inside: a pair is visible with its session.
    protect_person_rows("session_token_pair", condition="session_id in (select id from session)")


def _api_tokens() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("last_characters", sa.Text(), nullable=False),
        sa.Column("scopes", JSONB(), nullable=False),
        _moment("created_at"),
        _moment("expires_at", nullable=True),
        sa.Column("last_used_on", sa.Date(), nullable=True),
        _moment("revoked_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.UniqueConstraint("token_hash", name="uq_api_token_token_hash"),
    )
    op.create_index(
        "ix_api_token_person_id",
        "api_token",
        ["person_id", "organisation_id"],
        postgresql_where=sa.text("revoked_at is null"),
    )
    protect_person_rows("api_token", condition=_MINE)


def _notifications() -> None:
    """Whatever changes who somebody is notifies, at its commit, every gateway that remembers it."""
    op.execute(
        """
        create function identity_changed() returns trigger language plpgsql as $$
        declare
            subject text := '*';
        begin
            if tg_argv[0] = 'person_id' then
                subject := coalesce(new.person_id, old.person_id)::text;
            elsif tg_argv[0] = 'id' then
                subject := coalesce(new.id, old.id)::text;
            end if;
            perform pg_notify('postroom_identity_' || tg_table_schema, subject);
            return null;
        end
        $$
        """
    )
    for table, events, column in (
        ("session", "update of organisation_id, ended_at or delete", "person_id"),
        ("api_token", "update of revoked_at or delete", "person_id"),
        ("directory_membership", "insert or update or delete", "person_id"),
        ("directory_person", "update or delete", "id"),
        ("directory_organisation", "update or delete", "every"),
    ):
        op.execute(
            f"create trigger identity_changed after {events} on {table} "
            f"for each row execute function identity_changed('{column}')"
        )

"""The local copy of the directory; filled by the services that keep one."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from postroom_shared.database.migrating import protect_rows

revision = "floor_0004"
down_revision = "floor_0003"
branch_labels = None
depends_on = None


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _id(name: str, *, index: bool = False) -> sa.Column[UUID]:
    return sa.Column(name, sa.Uuid(), nullable=False, index=index)


def _copy(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(f"directory_{name}", sa.Column("id", sa.Uuid(), primary_key=True), _number("version"), *columns)


def upgrade() -> None:
    _create_people()
    _create_mail()
    _create_addresses()
    _create_upkeep()


def _policy(table: str, condition: str) -> None:
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    op.execute(f"create policy organisation on {table} using ({condition}) with check (true)")


def _create_people() -> None:
    _copy("organisation", _text("name"), _text("language"), _text("time_zone"), _text("state"))
    _policy("directory_organisation", "postroom_visible(id)")
    _copy(
        "membership",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        _id("person_id", index=True),
        _text("role"),
    )
    protect_rows("directory_membership")
    _copy(
        "person",
        _text("email"),
        _text("display_name"),
        _text("language"),
        _flag("enabled"),
        _flag("operator"),
        _number("credential_version"),
    )
    _policy(
        "directory_person",
        "current_setting('postroom.organisation', true) = '*' or exists "
        "(select from directory_membership m where m.person_id = directory_person.id)",
    )


def _create_mail() -> None:
    _copy(
        "mail_server",
        _text("name"),
        sa.Column("imap", JSONB(), nullable=False),
        *(sa.Column(name, JSONB(), nullable=True) for name in ("managesieve", "lmtp", "smtp")),
        sa.Column("tls_ca_pem", sa.Text(), nullable=True),
    )
    _copy(
        "mail_service",
        _id("organisation_id"),
        _id("mail_server_id"),
        _text("name"),
        _text("language"),
        _text("time_zone"),
        _text("plan"),
        _number("log_retention_days"),
        sa.Column("logs_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("domains", JSONB(), nullable=False),
    )
    protect_rows("directory_mail_service")


def _create_addresses() -> None:
    _copy(
        "address",
        _id("organisation_id"),
        _id("mail_service_id", index=True),
        sa.Column("address", sa.Text(), nullable=False, index=True),
        _text("kind"),
        _text("display_name"),
        sa.Column("attributes", JSONB(), nullable=False),
        _flag("enabled"),
        _flag("sub_addressing"),
        _flag("catch_all"),
        _flag("spam_filter"),
        _flag("advertising_filter"),
        _number("credential_version"),
    )
    _copy(
        "alias",
        _id("organisation_id"),
        _id("address_id", index=True),
        sa.Column("alias", sa.Text(), nullable=False, index=True),
    )
    _copy(
        "grant",
        _id("organisation_id"),
        _id("address_id", index=True),
        _id("person_id", index=True),
        sa.Column("rights", JSONB(), nullable=False),
    )
    _copy(
        "delegation",
        _id("organisation_id"),
        _id("address_id", index=True),
        _id("delegate_address_id", index=True),
        _text("right"),
    )
    for name in ("address", "alias", "grant", "delegation"):
        protect_rows(f"directory_{name}")


def _create_upkeep() -> None:
    op.create_table(
        "directory_stale",
        sa.Column("kind", sa.Text(), primary_key=True),
        sa.Column("id", sa.Uuid(), primary_key=True),
        _number("version"),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False, index=True),
    )
    op.create_table(
        "directory_loaded",
        sa.Column("kind", sa.Text(), primary_key=True),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
    )

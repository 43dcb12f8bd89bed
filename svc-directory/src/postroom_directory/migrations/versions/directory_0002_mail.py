"""Mail servers, mail services, addresses, and everything that hangs on an address."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from postroom_directory.migrations.mail_names import create_name_triggers
from postroom_directory.migrations.mail_views import create_views, let_views_see_all_rows
from postroom_shared.database.migrating import protect_rows

revision = "directory_0002"
down_revision = "directory_0001"
branch_labels = None
depends_on = None

MAIL_TEXT = sa.Text(collation="C")  # one order on every server, and ranges that an index can answer


def _id() -> sa.Column[object]:
    return sa.Column("id", sa.Uuid(), nullable=False)


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _version() -> sa.Column[object]:
    return sa.Column("version", sa.Integer(), nullable=False)


def _organisation(table: str) -> tuple[sa.Column[object], sa.ForeignKeyConstraint]:
    return sa.Column("organisation_id", sa.Uuid(), nullable=False), _reference(
        table, "organisation_id", "organisation", on_delete="RESTRICT"
    )


def _reference(table: str, column: str, target: str, *, on_delete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}_{target}", ondelete=on_delete)


def upgrade() -> None:
    _mail_servers()
    _mail_services()
    _domains()
    _addresses()
    _aliases()
    _names()
    _redirections()
    _delegations()
    _credentials()
    _application_passwords()
    _dkim_keys()
    let_views_see_all_rows()
    create_views()


def _mail_servers() -> None:
    op.create_table(
        "mail_server",
        _id(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("imap", JSONB(), nullable=False),
        *(sa.Column(name, JSONB(), nullable=True) for name in ("managesieve", "lmtp", "smtp")),
        sa.Column("tls_ca_pem", sa.Text(), nullable=True),
        sa.Column("master_user", sa.Text(), nullable=True),
        sa.Column("master_secret", sa.LargeBinary(), nullable=True),
        _version(),
        _time("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_mail_server"),
        sa.CheckConstraint("(master_user is null) = (master_secret is null)", name="master_login"),
    )
    op.create_index("uq_mail_server_name", "mail_server", ["name"], unique=True)


def _mail_services() -> None:
    op.create_table(
        "mail_service",
        _id(),
        *_organisation("mail_service"),
        sa.Column("mail_server_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("log_retention_days", sa.Integer(), nullable=False),
        _time("logs_since"),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("default_rights", JSONB(), nullable=False),
        _version(),
        _time("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_mail_service"),
        _reference("mail_service", "mail_server_id", "mail_server", on_delete="RESTRICT"),
        sa.CheckConstraint("log_retention_days > 0", name="log_retention_days"),
    )
    op.create_index("ix_mail_service_organisation_id_name_id", "mail_service", ["organisation_id", "name", "id"])
    op.create_index("ix_mail_service_mail_server_id", "mail_service", ["mail_server_id"])
    protect_rows("mail_service")


def _domains() -> None:
    op.create_table(
        "domain",
        _id(),
        *_organisation("domain"),
        sa.Column("mail_service_id", sa.Uuid(), nullable=False),
        sa.Column("name", MAIL_TEXT, nullable=False),
        sa.Column("alias_of_id", sa.Uuid(), nullable=True),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("everybody", MAIL_TEXT, sa.Computed("'@' || name", persisted=True), nullable=False),
        _version(),
        _time("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_domain"),
        _reference("domain", "mail_service_id", "mail_service", on_delete="RESTRICT"),
        _reference("domain", "alias_of_id", "domain", on_delete="RESTRICT"),
        sa.CheckConstraint("alias_of_id is null or not is_primary", name="alias_is_not_primary"),
    )
    op.create_index("uq_domain_name", "domain", ["name"], unique=True)
    op.create_index("uq_domain_everybody", "domain", ["everybody"], unique=True)
    op.create_index("ix_domain_alias_of_id", "domain", ["alias_of_id"])
    op.create_index(
        "uq_domain_primary", "domain", ["mail_service_id"], unique=True, postgresql_where=sa.text("is_primary")
    )
    op.create_index("ix_domain_mail_service_id_name", "domain", ["mail_service_id", "name"])
    protect_rows("domain")


def _addresses() -> None:
    op.create_table(
        "address",
        _id(),
        *_organisation("address"),
        sa.Column("mail_service_id", sa.Uuid(), nullable=False),
        sa.Column("domain_id", sa.Uuid(), nullable=False),
        sa.Column("address", MAIL_TEXT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("attributes", JSONB(), nullable=False),
        sa.Column("quota_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sub_addressing", sa.Boolean(), nullable=False),
        sa.Column("catch_all", sa.Boolean(), nullable=False),
        sa.Column("spam_filter", sa.Boolean(), nullable=False),
        sa.Column("advertising_filter", sa.Boolean(), nullable=False),
        sa.Column("credential_version", sa.Integer(), nullable=False),
        _version(),
        _time("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_address"),
        _reference("address", "mail_service_id", "mail_service", on_delete="RESTRICT"),
        _reference("address", "domain_id", "domain", on_delete="RESTRICT"),
        sa.CheckConstraint("kind in ('mailbox', 'forward_only', 'shared')", name="kind"),
    )
    op.create_index("uq_address_address", "address", ["address"], unique=True)
    op.create_index("ix_address_organisation_id_address", "address", ["organisation_id", "address"])
    op.create_index("ix_address_mail_service_id_address", "address", ["mail_service_id", "address"])
    op.create_index("ix_address_domain_id", "address", ["domain_id"])
    op.create_index(
        "uq_address_catch_all", "address", ["domain_id"], unique=True, postgresql_where=sa.text("catch_all")
    )
    protect_rows("address")


def _aliases() -> None:
    op.create_table(
        "alias",
        _id(),
        *_organisation("alias"),
        sa.Column("address_id", sa.Uuid(), nullable=False),
        sa.Column("domain_id", sa.Uuid(), nullable=False),
        sa.Column("alias", MAIL_TEXT, nullable=False),
        _version(),
        _time("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_alias"),
        _reference("alias", "address_id", "address"),
        _reference("alias", "domain_id", "domain", on_delete="RESTRICT"),
    )
    op.create_index("uq_alias_alias", "alias", ["alias"], unique=True)
    op.create_index("ix_alias_address_id_alias", "alias", ["address_id", "alias"])
    op.create_index("ix_alias_domain_id", "alias", ["domain_id"])
    protect_rows("alias")


def _names() -> None:
    """Keep every text that reaches an address in one table, so that no two things answer to the same one.

    Triggers keep it: own addresses, aliases, and both of them in each alias domain. Who adds a name and who adds an
    alias domain lock the domain in ways that exclude each other, so neither misses what the other adds.
    """
    op.create_table(
        "mail_name",
        sa.Column("name", MAIL_TEXT, nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("address_id", sa.Uuid(), nullable=False),
        sa.Column("alias_id", sa.Uuid(), nullable=True),
        sa.Column("alias_domain_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_mail_name"),
        _reference("mail_name", "address_id", "address"),
        _reference("mail_name", "alias_id", "alias"),
        sa.ForeignKeyConstraint(
            ["alias_domain_id"], ["domain.id"], name="fk_mail_name_alias_domain_id_domain", ondelete="CASCADE"
        ),
    )
    for column in ("address_id", "alias_id", "alias_domain_id"):
        op.create_index(f"ix_mail_name_{column}", "mail_name", [column])
    protect_rows("mail_name")
    create_name_triggers()


def _redirections() -> None:
    op.create_table(
        "redirection",
        _id(),
        *_organisation("redirection"),
        sa.Column("address_id", sa.Uuid(), nullable=False),
        sa.Column("target", MAIL_TEXT, nullable=False),
        sa.Column("keep_copy", sa.Boolean(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=True),
        _time("token_expires_at", nullable=True),
        _time("confirmed_at", nullable=True),
        _version(),
        _time("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_redirection"),
        _reference("redirection", "address_id", "address"),
    )
    op.create_index("uq_redirection_address_id_target", "redirection", ["address_id", "target"], unique=True)
    op.create_index("uq_redirection_token_hash", "redirection", ["token_hash"], unique=True)
    protect_rows("redirection")


def _delegations() -> None:
    op.create_table(
        "delegation",
        _id(),
        *_organisation("delegation"),
        sa.Column("address_id", sa.Uuid(), nullable=False),
        sa.Column("delegate_address_id", sa.Uuid(), nullable=False),
        sa.Column("right", sa.Text(), nullable=False),
        _version(),
        _time("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_delegation"),
        _reference("delegation", "address_id", "address"),
        sa.ForeignKeyConstraint(
            ["delegate_address_id"],
            ["address.id"],
            name="fk_delegation_delegate_address_id_address",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("\"right\" in ('send_as', 'send_on_behalf')", name="right"),
        sa.CheckConstraint("address_id <> delegate_address_id", name="two_addresses"),
    )
    op.create_index(
        "uq_delegation_address_id_delegate_address_id_right",
        "delegation",
        ["address_id", "delegate_address_id", "right"],
        unique=True,
    )
    op.create_index("ix_delegation_delegate_address_id", "delegation", ["delegate_address_id"])
    protect_rows("delegation")


def _credentials() -> None:
    op.create_table(
        "credential",
        sa.Column("address_id", sa.Uuid(), nullable=False),
        *_organisation("credential"),
        sa.Column("password_hash", sa.Text(), nullable=True),
        _time("changed_at", nullable=True),
        sa.Column("wrong_tests", sa.Integer(), nullable=False),
        _time("wrong_tests_since", nullable=True),
        sa.PrimaryKeyConstraint("address_id", name="pk_credential"),
        _reference("credential", "address_id", "address"),
    )
    protect_rows("credential")


def _application_passwords() -> None:
    op.create_table(
        "application_password",
        _id(),
        *_organisation("application_password"),
        sa.Column("address_id", sa.Uuid(), nullable=False),
        sa.Column("lookup_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("protocols", JSONB(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        _time("expires_at", nullable=True),
        _version(),
        _time("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_application_password"),
        _reference("application_password", "address_id", "address"),
    )
    op.create_index(
        "uq_application_password_address_id_lookup_id",
        "application_password",
        ["address_id", "lookup_id"],
        unique=True,
    )
    protect_rows("application_password")


def _dkim_keys() -> None:
    op.create_table(
        "dkim_key",
        _id(),
        *_organisation("dkim_key"),
        sa.Column("mail_service_id", sa.Uuid(), nullable=False),
        sa.Column("domain_id", sa.Uuid(), nullable=False),
        sa.Column("selector", MAIL_TEXT, nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("private_key", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        _time("activated_at", nullable=True),
        _time("retired_at", nullable=True),
        _version(),
        _time("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_dkim_key"),
        _reference("dkim_key", "mail_service_id", "mail_service", on_delete="RESTRICT"),
        _reference("dkim_key", "domain_id", "domain", on_delete="RESTRICT"),
        sa.CheckConstraint("state in ('prepared', 'active', 'retired')", name="state"),
        sa.CheckConstraint("algorithm in ('rsa2048', 'ed25519')", name="algorithm"),
    )
    op.create_index("uq_dkim_key_domain_id_selector", "dkim_key", ["domain_id", "selector"], unique=True)
    op.create_index("ix_dkim_key_mail_service_id", "dkim_key", ["mail_service_id"])
    op.create_index(
        "uq_dkim_key_active",
        "dkim_key",
        ["domain_id", "algorithm"],
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
    )
    protect_rows("dkim_key")

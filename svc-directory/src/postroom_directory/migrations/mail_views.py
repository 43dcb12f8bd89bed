"""The views mail servers read. Part of `directory_0002`: as little to be changed after a release as itself."""

import sqlalchemy as sa
from alembic import op

SEEN_BY_MAIL_SERVERS = (
    "domain",
    "address",
    "alias",
    "mail_name",
    "delegation",
    "credential",
    "application_password",
)


def let_views_see_all_rows() -> None:
    """Let readers of the views of `mail` see all organisations.

    A view reads its tables with its owner's rights, and the owner is bound by row-level security. Whoever reads the
    tables without being their owner can only have come through a view that was granted to them.
    """
    schema = op.get_bind().scalar(sa.text("select current_schema()"))
    op.execute(
        f"""
        create function reads_through_view() returns boolean language sql stable as $$
            select exists (
                select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                where n.nspname = '{schema}' and c.relname = 'address'
                and pg_catalog.pg_get_userbyid(c.relowner) <> current_user
            )
        $$
        """  # noqa: S608 - the name of this very schema
    )
    for table in SEEN_BY_MAIL_SERVERS:
        op.execute(f"create policy mail_views on {table} for select using ((select reads_through_view()))")


VIEWS = {
    "v_domain": """
        select d.name as domain, o.name as alias_of
        from domain d left join domain o on o.id = d.alias_of_id
    """,
    "v_mailbox": """
        select a.address, a.id as address_id, '{ARGON2ID}' || c.password_hash as password, a.enabled as active,
               a.kind, a.quota_bytes, a.sub_addressing
        from address a left join credential c on c.address_id = a.id
    """,
    "v_application_password": """
        select p.lookup_id as id, a.address, p.secret_hash as password,
               a.enabled and (p.expires_at is null or p.expires_at > now()) as active,
               array(select jsonb_array_elements_text(p.protocols)) as protocols
        from application_password p join address a on a.id = p.address_id
    """,
    "v_alias": """
        select n.name as alias, a.address as target
        from mail_name n join address a on a.id = n.address_id
        where (a.enabled and n.name <> a.address)
        or exists (select from address c where c.domain_id = a.domain_id and c.catch_all and c.enabled)
        union all
        select d.everybody, c.address
        from domain d join address c on c.domain_id = coalesce(d.alias_of_id, d.id)
        where c.catch_all and c.enabled
    """,
    "v_sender_login": """
        select n.name as sender, a.address as login
        from mail_name n join address a on a.id = n.address_id
        where a.enabled
        union all
        select n.name, a.address
        from mail_name n
        join address o on o.id = n.address_id
        join delegation g on g.address_id = o.id and g."right" = 'send_as'
        join address a on a.id = g.delegate_address_id
        where o.enabled and a.enabled
        union all
        select d.everybody, c.address
        from domain d join address c on c.domain_id = coalesce(d.alias_of_id, d.id)
        where c.catch_all and c.enabled
    """,
}
"""What mail servers read; deploy/dovecot and deploy/postfix hold the queries.

`v_alias` repeats a mailbox's own address where its domain has a catch-all: Postfix asks for `@domain` when it finds
no `anna@domain`, and the catch-all would get her mail (virtual(5), "TABLE SEARCH ORDER"). For the same reason the names
of a disabled address stay there: their mail must not go to somebody else.
"""


def create_views() -> None:
    """Create the views of `mail`, and grant them to `mail_reader` where that role is there (deploy/ creates it)."""
    connection = op.get_bind()
    if not connection.scalar(sa.text("select to_regnamespace('mail') is not null")):
        op.execute("create schema mail")
    for name, query in VIEWS.items():
        op.execute(sa.text(f"create view mail.{name} as {query}"))
    if connection.scalar(sa.text("select to_regrole('mail_reader') is not null")):
        op.execute("grant usage on schema mail to mail_reader")
        for name in VIEWS:
            op.execute(f"grant select on mail.{name} to mail_reader")

"""Triggers that keep `mail_name`. Part of `directory_0002`: as little to be changed after a release as itself."""

from alembic import op


def create_name_triggers() -> None:
    """Have every address, alias and alias domain take its names in `mail_name`."""
    op.execute(
        """
        create function take_name(taken text, domain_id uuid, address_id uuid, alias_id uuid, organisation_id uuid)
        returns void language plpgsql as $$
        begin
            perform from domain d where d.id = take_name.domain_id for key share;
            insert into mail_name (name, organisation_id, address_id, alias_id)
                values (taken, take_name.organisation_id, take_name.address_id, take_name.alias_id);
            insert into mail_name (name, organisation_id, address_id, alias_id, alias_domain_id)
                select split_part(taken, '@', 1) || '@' || d.name, take_name.organisation_id, take_name.address_id,
                       take_name.alias_id, d.id
                from domain d where d.alias_of_id = take_name.domain_id;
        end $$
        """
    )
    op.execute(
        """
        create function take_name_of_address() returns trigger language plpgsql as $$
        begin
            perform take_name(new.address, new.domain_id, new.id, null, new.organisation_id);
            return null;
        end $$
        """
    )
    op.execute(
        """
        create function take_name_of_alias() returns trigger language plpgsql as $$
        begin
            perform take_name(new.alias, new.domain_id, new.address_id, new.id, new.organisation_id);
            return null;
        end $$
        """
    )
    op.execute(
        """
        create function take_names_of_domain() returns trigger language plpgsql as $$
        begin
            perform from domain d where d.id = new.alias_of_id for update;
            insert into mail_name (name, organisation_id, address_id, alias_id, alias_domain_id)
                select split_part(a.address, '@', 1) || '@' || new.name, a.organisation_id, a.id, null, new.id
                from address a where a.domain_id = new.alias_of_id
                union all
                select split_part(l.alias, '@', 1) || '@' || new.name, l.organisation_id, l.address_id, l.id, new.id
                from alias l where l.domain_id = new.alias_of_id;
            return null;
        end $$
        """
    )
    for table, function, condition in (
        ("address", "take_name_of_address", ""),
        ("alias", "take_name_of_alias", ""),
        ("domain", "take_names_of_domain", "when (new.alias_of_id is not null)"),
    ):
        op.execute(
            f"create trigger names after insert on {table} for each row {condition} execute function {function}()"
        )

"""What mail servers read under their read-only role."""

from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import text

from postroom_shared.database import bind_organisation
from postroom_shared.principal import PersonPrincipal, SystemPrincipal


async def change(directory: Any, estate: Any, address: Any, **changes: Any) -> Any:
    """Change *address* and return it."""
    path, owner = f"/v1/addresses/{address['id']}", estate.house.owner
    version = (await directory.made("GET", path, owner))["version"]
    return await directory.made("PATCH", path, owner, body=changes, version=version)


async def test_a_mail_server_sees_the_mailboxes_of_all_organisations(
    estate: Any, other_estate: Any, views: Any
) -> None:
    for each in (estate, other_estate):
        address = await each.address(quota_bytes=1 << 30)

        found = await views.mailbox(address["address"])

        assert str(found.pop("address_id")) == address["id"]
        assert found == {
            "address": address["address"],
            "password": None,
            "active": True,
            "kind": "mailbox",
            "quota_bytes": 1 << 30,
            "sub_addressing": True,
        }


async def test_a_new_password_stands_there_in_dovecots_scheme(estate: Any, views: Any) -> None:
    anna = await estate.address()

    await estate.set_password(anna, "a long enough password")

    assert (await views.mailbox(anna["address"]))["password"].startswith("{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$")


async def test_the_reader_reads_the_views_and_nothing_else(views: Any) -> None:
    for table in ("address", "credential", "mail_server", "person", "dkim_key", "data_key", "outbox"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await views.connection.fetch(f"table directory.{table}")
    for view in ("v_mailbox", "v_alias", "v_domain", "v_sender_login", "v_application_password"):
        await views.rows(view)
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.ObjectNotInPrerequisiteStateError)):
            await views.connection.execute(f"delete from {view}")  # noqa: S608 - names of this test


async def test_the_views_open_nothing_to_the_service_itself(directory: Any, estate: Any, other_estate: Any) -> None:
    mine, theirs = await estate.address(), await other_estate.address()
    sessions = directory.service.runtime.sessions
    caller: PersonPrincipal = estate.house.owner

    async with sessions() as session, session.begin():
        unbound = list(await session.scalars(text("select address from address")))
        through_view = list(await session.scalars(text("select address from mail.v_mailbox")))
        await bind_organisation(session, caller)
        bound = list(await session.scalars(text("select address from address")))
        await bind_organisation(session, SystemPrincipal())
        everything = list(await session.scalars(text("select address from address")))

    assert (unbound, through_view, bound) == ([], [], [mine["address"]])
    assert {mine["address"], theirs["address"]} <= set(everything)


async def test_a_disabled_address_is_not_active_and_its_names_lead_nowhere(
    directory: Any, estate: Any, views: Any
) -> None:
    anna = await estate.address()
    alias = (await estate.alias(anna, f"office@{estate.domain}"))["alias"]

    await change(directory, estate, anna, enabled=False)

    assert (await views.mailbox(anna["address"]))["active"] is False
    assert await views.targets(alias) == set()
    assert await views.logins(alias) == await views.logins(anna["address"]) == set()


async def test_a_deleted_address_is_gone_at_once(directory: Any, estate: Any, views: Any) -> None:
    anna = await estate.address()
    alias = (await estate.alias(anna, f"office@{estate.domain}"))["alias"]

    await directory.made("DELETE", f"/v1/addresses/{anna['id']}", estate.house.owner, version=1)

    assert await views.mailbox(anna["address"]) is None
    assert await views.targets(alias) == set()
    assert await views.logins(anna["address"]) == set()


async def test_domains_are_there_with_what_they_stand_for(
    directory: Any, operator: Any, estate: Any, views: Any
) -> None:
    twin = await estate.further_domain(alias_of=estate.domain)

    assert await views.rows("v_domain", domain=estate.domain) == [{"domain": estate.domain, "alias_of": None}]
    assert await views.rows("v_domain", domain=twin["name"]) == [{"domain": twin["name"], "alias_of": estate.domain}]
    await directory.made("DELETE", f"{estate.service_path}/domains/{twin['id']}", operator, version=1)
    assert await views.rows("v_domain", domain=twin["name"]) == []


async def test_an_alias_domain_takes_every_local_part_now_and_later(
    directory: Any, operator: Any, estate: Any, views: Any
) -> None:
    before = await estate.address("before")
    await estate.alias(before, f"office@{estate.domain}")
    twin = await estate.further_domain(alias_of=estate.domain)
    after = await estate.address("after")
    await estate.alias(after, f"sales@{estate.domain}")

    for local, address in (("before", before), ("office", before), ("after", after), ("sales", after)):
        name = f"{local}@{twin['name']}"
        assert await views.targets(name) == await views.logins(name) == {address["address"]}
    await directory.made("DELETE", f"{estate.service_path}/domains/{twin['id']}", operator, version=1)
    assert await views.targets(f"before@{twin['name']}") == set()


async def test_a_mailbox_is_no_alias_of_itself(estate: Any, views: Any) -> None:
    anna = await estate.address()

    assert await views.targets(anna["address"]) == set()
    assert await views.logins(anna["address"]) == {anna["address"]}


async def test_a_catch_all_gets_what_nobody_has_and_nothing_else(directory: Any, estate: Any, views: Any) -> None:
    twin = await estate.further_domain(alias_of=estate.domain)
    anna = await estate.address("anna")
    alias = (await estate.alias(anna, f"office@{estate.domain}"))["alias"]
    last = await estate.address("last", catch_all=True)

    for domain in (estate.domain, twin["name"]):
        assert await views.targets(f"@{domain}") == await views.logins(f"@{domain}") == {last["address"]}
        assert await views.targets(f"anna@{domain}") == {anna["address"]}
    # Postfix asks for @domain when it finds no whole name: mailboxes must be found by their own.
    assert await views.targets(alias) == {anna["address"]}
    assert await views.targets(last["address"]) == {last["address"]}
    await change(directory, estate, anna, enabled=False)
    assert await views.targets(anna["address"]) == await views.targets(alias) == {anna["address"]}
    await change(directory, estate, last, catch_all=False)
    assert await views.targets(f"@{estate.domain}") == await views.logins(f"@{estate.domain}") == set()
    assert await views.targets(anna["address"]) == set()


async def test_who_may_send_as_another_address_is_there_and_who_may_on_behalf_is_not(
    directory: Any, estate: Any, views: Any
) -> None:
    boss, clerk, other = [await estate.address() for _ in range(3)]
    alias = (await estate.alias(boss, f"office@{estate.domain}"))["alias"]
    path, owner = f"/v1/addresses/{boss['id']}/delegations", estate.house.owner
    made = await directory.made("POST", path, owner, body={"delegate_address_id": clerk["id"], "right": "send_as"})
    await directory.made("POST", path, owner, body={"delegate_address_id": other["id"], "right": "send_on_behalf"})

    assert await views.logins(boss["address"]) == await views.logins(alias) == {boss["address"], clerk["address"]}
    assert await views.logins(clerk["address"]) == {clerk["address"]}
    await directory.made("DELETE", f"{path}/{made['id']}", owner, version=1)
    assert await views.logins(boss["address"]) == {boss["address"]}


async def test_an_application_password_is_found_by_its_lookup_id(directory: Any, estate: Any, views: Any) -> None:
    anna = await estate.address()
    body = {"name": "phone", "protocols": ["imap", "smtp"]}
    path = f"/v1/addresses/{anna['id']}/application-passwords"
    made = await directory.made("POST", path, estate.house.owner, body=body)

    (row,) = await views.rows("v_application_password", address=anna["address"], id=made["password"][:6])

    assert (row["active"], sorted(row["protocols"])) == (True, ["imap", "smtp"])
    assert row["password"].startswith("{SSHA256}")
    await change(directory, estate, anna, enabled=False)
    (row,) = await views.rows("v_application_password", address=anna["address"])
    assert row["active"] is False


async def test_a_look_up_among_many_uses_the_index(directory: Any, estate: Any, views: Any) -> None:
    name = f"{uuid4().hex}.example.org"
    domain = await estate.further_domain(name)
    async with directory.service.runtime.sessions() as session, session.begin():
        await bind_organisation(session, SystemPrincipal())
        insert = """
            insert into address select gen_random_uuid(), :organisation, :service, :domain, 'n' || i || '@' || :name,
            'mailbox', true, '', '{}', null, true, false, true, false, 0, 1, now() from generate_series(1, 3000) i
        """
        ids = {"organisation": estate.house.id, "service": estate.service_id, "domain": domain["id"], "name": name}
        await session.execute(text(insert), ids)
    await estate.further_domain(alias_of=name)

    for view, column, index in (
        ("v_mailbox", "address", "uq_address_address"),
        ("v_alias", "alias", "pk_mail_name"),
        ("v_sender_login", "sender", "pk_mail_name"),
    ):
        query = f"explain (format json) select * from {view} where {column} = 'n7@{name}'"  # noqa: S608 - of this test
        assert f'"Index Name": "{index}"' in await views.connection.fetchval(query)

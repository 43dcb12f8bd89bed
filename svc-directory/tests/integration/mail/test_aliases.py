import asyncio
from typing import Any
from uuid import uuid4

from postroom_shared.principal import AddressRight, Role


def problem(answer: Any) -> tuple[int, str]:
    """Return status and the last word of the type."""
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


async def test_an_alias_takes_mail_and_may_send_at_once(directory: Any, estate: Any, views: Any) -> None:
    anna = await estate.address("anna")
    member = await estate.grant(Role.MEMBER, anna, AddressRight.ALIASES_MANAGE)
    name = f"office@{estate.domain}"

    answer = await directory.ask("POST", f"/v1/addresses/{anna['id']}/aliases", member, body={"alias": name.upper()})

    assert answer.status_code == 201
    made = answer.json()
    assert made["alias"] == name
    assert await views.targets(name) == {anna["address"]}
    assert await views.logins(name) == {anna["address"]}
    told = {"id": made["id"], "version": 1, "address_id": anna["id"]}
    assert await directory.events(made["id"]) == [("alias.created.v1", told)]
    read = await directory.ask("GET", answer.headers["location"], member)
    assert (read.json(), read.headers["etag"]) == (made, '"1"')


async def test_an_alias_that_is_taken_away_does_nothing_any_more(directory: Any, estate: Any, views: Any) -> None:
    anna = await estate.address()
    alias = await estate.alias(anna, f"office@{estate.domain}")
    path = f"/v1/addresses/{anna['id']}/aliases/{alias['id']}"

    assert (await directory.ask("DELETE", path, estate.house.owner)).status_code == 428
    assert (await directory.ask("DELETE", path, estate.house.owner, version=2)).status_code == 412
    assert (await directory.ask("DELETE", path, estate.house.owner, version=1)).status_code == 204

    assert problem(await directory.ask("GET", path, estate.house.owner)) == (404, "alias-not-found")
    assert await views.targets(alias["alias"]) == set()
    assert await views.logins(alias["alias"]) == set()
    assert (await directory.events(alias["id"]))[-1][0] == "alias.deleted.v1"


async def test_an_alias_has_a_free_name_in_a_domain_of_the_mail_service(
    directory: Any, estate: Any, other_estate: Any
) -> None:
    anna, bert = await estate.address("anna"), await estate.address("bert")
    await estate.alias(bert, f"office@{estate.domain}")
    path = f"/v1/addresses/{anna['id']}/aliases"

    for taken in ("anna", "bert", "office"):
        answer = await directory.ask("POST", path, estate.house.owner, body={"alias": f"{taken}@{estate.domain}"})
        assert problem(answer) == (409, "name-taken")
    foreign = await directory.ask("POST", path, estate.house.owner, body={"alias": f"a@{other_estate.domain}"})
    assert problem(foreign) == (422, "foreign-domain")


async def test_aliases_are_listed_page_by_page(directory: Any, estate: Any) -> None:
    anna = await estate.address()
    wanted = sorted(f"{local}@{estate.domain}" for local in ("a", "b-b", "b_b", "b.b", "c"))
    for alias in wanted:
        await estate.alias(anna, alias)

    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        path = f"/v1/addresses/{anna['id']}/aliases?limit=2{cursor and '&cursor=' + cursor}"
        page = await directory.made("GET", path, estate.house.owner)
        seen += [each["alias"] for each in page["items"]]
        cursor = page["next"]

    assert seen == wanted
    bad = await directory.ask("GET", f"/v1/addresses/{anna['id']}/aliases?cursor=x", estate.house.owner)
    assert problem(bad) == (422, "bad-cursor")


async def test_an_address_has_at_most_two_hundred_aliases(directory: Any, estate: Any) -> None:
    anna = await estate.address()
    for number in range(200):
        await estate.alias(anna, f"n{number}@{estate.domain}")
    path = f"/v1/addresses/{anna['id']}/aliases"

    answer = await directory.ask("POST", path, estate.house.owner, body={"alias": f"more@{estate.domain}"})

    assert problem(answer) == (409, "too-many-aliases")


async def test_one_of_many_who_want_a_name_at_the_same_moment_gets_it(directory: Any, estate: Any) -> None:
    owner, holders = estate.house.owner, [await estate.address() for _ in range(4)]
    for round_ in range(5):
        name = f"wanted{round_}@{estate.domain}"
        address = {"mail_service_id": estate.service_id, "address": name}
        wishes = [("/v1/addresses", address)] * 4
        wishes += [(f"/v1/addresses/{each['id']}/aliases", {"alias": name}) for each in holders]

        answers = await asyncio.gather(*(directory.ask("POST", path, owner, body=body) for path, body in wishes))

        assert sorted(each.status_code for each in answers) == [201] + [409] * 7
        assert {problem(each)[1] for each in answers if each.status_code == 409} == {"name-taken"}


async def test_an_alias_domain_added_at_the_same_moment_misses_no_name(directory: Any, estate: Any, views: Any) -> None:
    for _ in range(5):
        domain = await estate.further_domain()
        locals_ = [uuid4().hex for _ in range(5)]
        bodies = [{"mail_service_id": estate.service_id, "address": f"{each}@{domain['name']}"} for each in locals_]
        creating = [directory.made("POST", "/v1/addresses", estate.house.owner, body=body) for body in bodies]

        *_, twin = await asyncio.gather(*creating[:2], *creating[2:], estate.further_domain(alias_of=domain["name"]))

        for local in locals_:
            assert await views.targets(f"{local}@{twin['name']}") == {f"{local}@{domain['name']}"}

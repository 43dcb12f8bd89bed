from typing import Any
from uuid import uuid4

import pytest

from postroom_shared.principal import AddressRight, Role


def problem(answer: Any) -> tuple[int, str]:
    """Return status and the last word of the type."""
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


async def test_a_manager_creates_an_address(directory: Any, estate: Any) -> None:
    body = {
        "mail_service_id": estate.service_id,
        "address": f"Anna.Muster@{estate.domain.upper()}",
        "display_name": "Anna Muster",
        "attributes": {"first_name": "Anna", "job": "Comptable", "phone": "+41 22 555 01 01"},
        "quota_bytes": 5_000_000_000,
        "advertising_filter": True,
    }

    answer = await directory.ask("POST", "/v1/addresses", estate.house.administrator, body=body)

    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["location"] == f"/v1/addresses/{made['id']}"
    assert made | body == made | {"address": f"Anna.Muster@{estate.domain.upper()}"} | body
    assert made["address"] == f"anna.muster@{estate.domain}"
    assert (made["kind"], made["enabled"], made["catch_all"], made["sub_addressing"]) == ("mailbox", True, False, True)
    created = {"id": made["id"], "version": 1, "mail_service_id": estate.service_id}
    assert await directory.events(made["id"]) == [("address.created.v1", created)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": "nobody"},
        {"kind": "robot"},
        {"enabled": "yes"},
        {"quota_bytes": -1},
        {"quota_bytes": "5"},
        {"attributes": {"First Name": "x"}},
        {"attributes": {f"a{n}": "x" for n in range(31)}},
        {"attributes": {"note": "x" * 401}},
        {"display_name": "two\nlines"},
        {"password": "x"},
    ],
)
async def test_values_that_make_no_sense_are_refused(directory: Any, estate: Any, wrong: dict[str, Any]) -> None:
    body = {"mail_service_id": estate.service_id, "address": f"anna@{estate.domain}"} | wrong

    answer = await directory.ask("POST", "/v1/addresses", estate.house.owner, body=body)

    assert problem(answer) == (422, "payload")
    assert answer.json()["errors"][0]["field"].startswith(next(iter(wrong)))


async def test_an_address_lies_in_a_domain_of_its_mail_service(directory: Any, estate: Any, other_estate: Any) -> None:
    alias_domain = await estate.further_domain(alias_of=estate.domain)

    for domain in (other_estate.domain, "example.com", alias_domain["name"]):
        body = {"mail_service_id": estate.service_id, "address": f"anna@{domain}"}
        answer = await directory.ask("POST", "/v1/addresses", estate.house.owner, body=body)
        assert problem(answer) == (422, "foreign-domain")
    foreign = {"mail_service_id": other_estate.service_id, "address": f"anna@{other_estate.domain}"}
    answer = await directory.ask("POST", "/v1/addresses", estate.house.owner, body=foreign)
    assert problem(answer) == (404, "mail-service-not-found")


async def test_a_name_reaches_one_address_only(directory: Any, estate: Any) -> None:
    anna = await estate.address("anna")
    await estate.alias(anna, f"office@{estate.domain}")

    for local in ("anna", "ANNA", "office"):
        body = {"mail_service_id": estate.service_id, "address": f"{local}@{estate.domain}"}
        answer = await directory.ask("POST", "/v1/addresses", estate.house.owner, body=body)
        assert problem(answer) == (409, "name-taken")


async def test_a_domain_has_one_catch_all(directory: Any, estate: Any) -> None:
    await estate.address(catch_all=True)
    second = await estate.address()
    body = {"mail_service_id": estate.service_id, "address": f"third@{estate.domain}", "catch_all": True}
    owner, path = estate.house.owner, f"/v1/addresses/{second['id']}"

    assert problem(await directory.ask("POST", "/v1/addresses", owner, body=body)) == (409, "catch-all-taken")
    answer = await directory.ask("PATCH", path, owner, body={"catch_all": True}, version=1)
    assert problem(answer) == (409, "catch-all-taken")
    further = await estate.further_domain()
    body["address"] = f"third@{further['name']}"
    assert (await directory.ask("POST", "/v1/addresses", owner, body=body)).status_code == 201


async def test_a_change_counts_the_version_up_and_is_told(directory: Any, estate: Any) -> None:
    anna, owner = await estate.address(), estate.house.owner
    path = f"/v1/addresses/{anna['id']}"

    changed = await directory.ask("PATCH", path, owner, body={"enabled": False, "quota_bytes": 1000.0}, version=1)

    assert (changed.json()["enabled"], changed.json()["quota_bytes"], changed.headers["etag"]) == (False, 1000, '"2"')
    assert (await directory.made("PATCH", path, owner, body={"quota_bytes": None}, version=2))["quota_bytes"] is None
    assert problem(await directory.ask("PATCH", path, owner, body={"enabled": None}, version=3)) == (422, "payload")
    assert (await directory.ask("PATCH", path, owner, body={}, version=1)).status_code == 412
    assert (await directory.ask("PATCH", path, owner, body={})).status_code == 428
    assert (await directory.ask("PATCH", path, owner, body={"address": "x@example.com"}, version=3)).status_code == 422
    assert [name for name, _ in await directory.events(anna["id"])][-2:] == ["address.changed.v1"] * 2


async def test_a_member_changes_the_switches_they_hold_the_right_for(directory: Any, estate: Any) -> None:
    anna = await estate.address()
    member = await estate.grant(Role.MEMBER, anna, AddressRight.FILTERS_MANAGE)
    guest = await estate.grant(Role.GUEST, anna, AddressRight.LOGS_READ)
    path = f"/v1/addresses/{anna['id']}"

    assert (await directory.ask("PATCH", path, member, body={"spam_filter": False}, version=1)).status_code == 200
    refused = await directory.ask("PATCH", path, guest, body={"spam_filter": True}, version=2)
    assert (problem(refused), refused.json()["right"]) == ((403, "right-missing"), "filters.manage")
    refused = await directory.ask("PATCH", path, member, body={"sub_addressing": False}, version=2)
    assert problem(refused) == (403, "right-missing")
    refused = await directory.ask("PATCH", path, member, body={"enabled": False, "spam_filter": True}, version=2)
    assert problem(refused) == (403, "not-a-manager")
    assert problem(await directory.ask("DELETE", path, member, version=2)) == (403, "not-a-manager")


async def test_people_see_the_addresses_attached_to_them(directory: Any, estate: Any, other_estate: Any) -> None:
    anna, bert = await estate.address("anna"), await estate.address("bert")
    member = await estate.grant(Role.MEMBER, anna)
    bert_path = f"/v1/addresses/{bert['id']}"

    async def seen_by(caller: Any, query: str = "") -> list[str]:
        page = await directory.made("GET", f"/v1/addresses{query}", caller)
        return [each["address"].partition("@")[0] for each in page["items"]]

    assert await seen_by(estate.house.owner) == ["anna", "bert"]
    assert await seen_by(estate.house.owner, "?attached=true") == []
    assert await seen_by(member) == ["anna"]
    assert await seen_by(member, "?attached=true") == ["anna"]
    assert await seen_by(estate.house.guest) == []
    assert await seen_by(other_estate.house.owner) == []
    for caller in (member, estate.house.guest, other_estate.house.owner):
        assert problem(await directory.ask("GET", bert_path, caller)) == (404, "address-not-found")
        assert problem(await directory.ask("PATCH", bert_path, caller, body={}, version=1)) == (
            404,
            "address-not-found",
        )
        assert problem(await directory.ask("DELETE", bert_path, caller, version=1)) == (404, "address-not-found")


async def test_the_operator_sees_no_addresses_without_belonging_to_the_organisation(
    directory: Any, operator: Any, estate: Any
) -> None:
    anna = await estate.address()

    for method, path in (("GET", "/v1/addresses"), ("GET", f"/v1/addresses/{anna['id']}")):
        assert problem(await directory.ask(method, path, operator)) == (403, "no-organisation")


async def test_addresses_are_found_by_filters(directory: Any, estate: Any) -> None:
    further = await estate.further_domain()
    await estate.address("anna")
    await estate.address("annette", enabled=False)
    await estate.address("bert", kind="shared")
    other = {"mail_service_id": estate.service_id, "address": f"anna@{further['name']}"}
    await directory.made("POST", "/v1/addresses", estate.house.owner, body=other)

    async def found(query: str) -> list[str]:
        page = await directory.made("GET", f"/v1/addresses?{query}", estate.house.owner)
        return sorted(each["address"].partition("@")[0] for each in page["items"])

    assert await found("q=AN") == ["anna", "anna", "annette"]
    assert await found(f"q=ann&domain={estate.domain}") == ["anna", "annette"]
    assert await found("enabled=false") == ["annette"]
    assert await found("kind=shared") == ["bert"]
    assert await found(f"mail_service_id={uuid4()}") == []
    assert await found(f"mail_service_id={estate.service_id}&enabled=true&q=b") == ["bert"]
    assert await found("q=%25") == []
    assert (await directory.ask("GET", "/v1/addresses?enabeld=true", estate.house.owner)).status_code == 422


async def test_the_list_goes_on_page_by_page_in_the_order_of_the_address(directory: Any, estate: Any) -> None:
    for local in ("d", "a", "c.e", "b-b", "c_c"):
        await estate.address(local)

    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        path = f"/v1/addresses?limit=2{cursor and '&cursor=' + cursor}"
        page = await directory.made("GET", path, estate.house.owner)
        seen += [each["address"] for each in page["items"]]
        cursor = page["next"]

    assert len(seen) == 5
    assert seen == sorted(seen)
    assert problem(await directory.ask("GET", "/v1/addresses?cursor=WzFd", estate.house.owner)) == (422, "bad-cursor")


async def test_what_hangs_on_an_address_goes_with_it_and_is_told(directory: Any, estate: Any) -> None:
    anna, bert = await estate.address(), await estate.address()
    alias = await estate.alias(anna, f"{uuid4().hex}@{estate.domain}")
    await estate.grant(Role.MEMBER, anna, AddressRight.LOGS_READ)
    owner, ids = estate.house.owner, []
    for one, other in ((anna, bert), (bert, anna)):
        body = {"delegate_address_id": other["id"], "right": "send_as"}
        ids.append((await directory.made("POST", f"/v1/addresses/{one['id']}/delegations", owner, body=body))["id"])
    await estate.set_password(anna, "a long enough password")
    version = (await directory.made("GET", f"/v1/addresses/{anna['id']}", owner))["version"]

    answer = await directory.ask("DELETE", f"/v1/addresses/{anna['id']}", owner, version=version)

    assert answer.status_code == 204
    assert (await directory.events(anna["id"]))[-1] == (
        "address.deleted.v1",
        {"id": anna["id"], "version": version + 1, "mail_service_id": estate.service_id},
    )
    assert (await directory.events(alias["id"]))[-1][0] == "alias.deleted.v1"
    for delegation_id in ids:
        assert (await directory.events(delegation_id))[-1][0] == "delegation.deleted.v1"
    assert (await directory.made("GET", "/v1/addresses", estate.house.member))["items"] == []
    assert (await directory.made("GET", f"/v1/addresses/{bert['id']}/delegations", owner))["items"] == []
    again = {"mail_service_id": estate.service_id, "address": alias["alias"]}
    assert (await directory.ask("POST", "/v1/addresses", owner, body=again)).status_code == 201


async def test_a_delete_names_the_version(directory: Any, estate: Any) -> None:
    path = f"/v1/addresses/{(await estate.address())['id']}"

    assert (await directory.ask("DELETE", path, estate.house.owner)).status_code == 428
    assert (await directory.ask("DELETE", path, estate.house.owner, version=2)).status_code == 412


async def test_the_same_idempotency_key_creates_one_address(directory: Any, estate: Any) -> None:
    body = {"mail_service_id": estate.service_id, "address": f"once@{estate.domain}"}
    key = {"Idempotency-Key": uuid4().hex}

    answers = [
        await directory.ask("POST", "/v1/addresses", estate.house.owner, body=body, headers=key) for _ in range(2)
    ]

    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()

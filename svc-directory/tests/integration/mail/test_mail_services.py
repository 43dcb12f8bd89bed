from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from postroom_shared.principal import Role


def problem(answer: Any) -> tuple[int, str]:
    """Return status and the last word of the type."""
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


def new_service(estate: Any, **more: Any) -> dict[str, Any]:
    return {
        "organisation_id": str(estate.house.id),
        "mail_server_id": estate.server_id,
        "name": "Second",
        "primary_domain": f"{uuid4().hex}.example.net",
        "language": "en",
        "time_zone": "UTC",
        **more,
    }


async def test_the_operator_creates_a_mail_service_with_its_first_domain(
    directory: Any, operator: Any, estate: Any
) -> None:
    body = new_service(estate)

    answer = await directory.ask("POST", "/v1/mail-services", operator, body=body)

    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["location"] == f"/v1/mail-services/{made['id']}"
    assert made | body == made
    assert (made["plan"], made["log_retention_days"]) == ("free", 20)
    assert "logs.read" in made["default_rights"]
    created = {"id": made["id"], "version": 1, "mail_server_id": estate.server_id}
    assert await directory.events(made["id"]) == [("mail_service.created.v1", created)]


@pytest.mark.parametrize(
    ("wrong", "slug"),
    [
        ({"organisation_id": str(uuid4())}, "unknown-reference"),
        ({"mail_server_id": str(uuid4())}, "unknown-reference"),
        ({"time_zone": "Mars/Base"}, "unknown-time-zone"),
        ({"primary_domain": "no domain"}, "payload"),
        ({"default_rights": ["fly"]}, "payload"),
        ({"log_retention_days": 0}, "payload"),
        ({"unknown": 1}, "payload"),
    ],
)
async def test_values_that_make_no_sense_are_refused(
    directory: Any, operator: Any, estate: Any, wrong: dict[str, Any], slug: str
) -> None:
    answer = await directory.ask("POST", "/v1/mail-services", operator, body=new_service(estate) | wrong)

    assert problem(answer) == (422, slug)


async def test_a_domain_belongs_to_one_mail_service_of_the_suite(
    directory: Any, operator: Any, estate: Any, other_estate: Any
) -> None:
    body = new_service(other_estate, primary_domain=estate.domain)

    assert problem(await directory.ask("POST", "/v1/mail-services", operator, body=body)) == (409, "domain-taken")
    taken = {"name": estate.domain}
    answer = await directory.ask("POST", f"{other_estate.service_path}/domains", operator, body=taken)
    assert problem(answer) == (409, "domain-taken")


async def test_managers_change_names_and_defaults_but_never_the_plan(directory: Any, estate: Any) -> None:
    path, owner = estate.service_path, estate.house.owner
    change = {"name": "Post", "language": "de", "default_rights": ["send_as"]}

    changed = await directory.ask("PATCH", path, owner, body=change, version=1)

    assert changed.json() | change == changed.json()
    assert changed.headers["etag"] == '"2"'
    assert (await directory.ask("PATCH", path, owner, body={"plan": "gold"}, version=2)).status_code == 422
    assert problem(await directory.ask("PATCH", path, owner, body={"name": None}, version=2)) == (422, "payload")
    assert (await directory.ask("PATCH", path, owner, body=change, version=1)).status_code == 412
    assert (await directory.ask("PATCH", path, owner, body=change)).status_code == 428
    plan = {"plan": "gold", "log_retention_days": 365}
    assert (await directory.ask("PUT", f"{path}/plan", owner, body=plan, version=2)).status_code == 403


async def test_a_longer_retention_counts_from_what_is_still_kept(directory: Any, operator: Any, estate: Any) -> None:
    path = estate.service_path
    before = await directory.made("GET", path, estate.house.owner)
    plan = {"plan": "gold", "log_retention_days": 365}

    changed = await directory.made("PUT", f"{path}/plan", operator, body=plan, version=1)

    assert (changed["plan"], changed["log_retention_days"]) == ("gold", 365)
    assert changed["logs_since"] == before["logs_since"]
    since = datetime.fromisoformat(changed["logs_since"])
    assert timedelta(0) <= datetime.now(UTC) - since < timedelta(minutes=5)
    assert (await directory.events(estate.service_id))[-1][0] == "mail_service.changed.v1"


async def test_the_operator_sees_all_mail_services_and_filters_by_organisation(
    directory: Any, operator: Any, estate: Any, other_estate: Any
) -> None:
    only = await directory.made("GET", f"/v1/mail-services?organisation_id={estate.house.id}", operator)

    assert [each["id"] for each in only["items"]] == [estate.service_id]
    assert (await directory.ask("GET", other_estate.service_path, operator)).status_code == 200


async def test_people_see_what_concerns_them(directory: Any, estate: Any, other_estate: Any) -> None:
    seen = await directory.made("GET", "/v1/mail-services", estate.house.owner)
    assert [each["id"] for each in seen["items"]] == [estate.service_id]
    assert (await directory.made("GET", "/v1/mail-services", estate.house.member))["items"] == []
    assert problem(await directory.ask("GET", estate.service_path, estate.house.member)) == (
        404,
        "mail-service-not-found",
    )

    member = await estate.grant(Role.MEMBER, await estate.address())

    assert (await directory.ask("GET", estate.service_path, member)).status_code == 200
    assert problem(await directory.ask("PATCH", estate.service_path, member, body={}, version=1)) == (
        403,
        "not-a-manager",
    )
    stranger = other_estate.house.owner
    for method, body in (("GET", None), ("PATCH", {"name": "mine"}), ("DELETE", None)):
        answer = await directory.ask(method, estate.service_path, stranger, body=body, version=1)
        assert answer.status_code == (403 if method == "DELETE" else 404)
        assert (await directory.ask(method, estate.service_path, None, body=body, version=1)).status_code == 401
    assert (await directory.ask("POST", "/v1/mail-services", stranger, body=new_service(estate))).status_code == 403
    assert (await directory.ask("POST", "/v1/mail-services", None, body=new_service(estate))).status_code == 401


async def test_a_mail_service_is_deleted_only_when_it_is_empty(directory: Any, operator: Any, estate: Any) -> None:
    path = estate.service_path
    await estate.further_domain(alias_of=estate.domain)
    address = await estate.address()
    version = (await directory.made("GET", path, operator))["version"]
    assert problem(await directory.ask("DELETE", path, operator, version=version)) == (409, "mail-service-not-empty")
    await directory.made("DELETE", f"/v1/addresses/{address['id']}", estate.house.owner, version=1)

    assert (await directory.ask("DELETE", path, operator, version=version)).status_code == 204

    assert (await directory.ask("GET", path, operator)).status_code == 404
    assert (await directory.events(estate.service_id))[-1][0] == "mail_service.deleted.v1"


async def test_the_operator_gives_domains_and_alias_domains(directory: Any, operator: Any, estate: Any) -> None:
    second = await estate.further_domain()

    alias = await estate.further_domain(alias_of=second["name"])

    assert (second["alias_of"], alias["alias_of"]) == (None, second["name"])
    listed = await directory.made("GET", f"{estate.service_path}/domains", estate.house.owner)
    assert [each["name"] for each in listed["items"]] == sorted((estate.domain, second["name"], alias["name"]))
    assert [each["is_primary"] for each in listed["items"] if each["name"] == estate.domain] == [True]
    read = await directory.ask("GET", f"{estate.service_path}/domains/{alias['id']}", estate.house.owner)
    assert (read.json(), read.headers["etag"]) == (alias, '"1"')
    nested = {"name": "x.example.org", "alias_of": alias["name"]}
    answer = await directory.ask("POST", f"{estate.service_path}/domains", operator, body=nested)
    assert problem(answer) == (409, "domain-is-alias")
    foreign = {"name": "x.example.org", "alias_of": "elsewhere.example.org"}
    answer = await directory.ask("POST", f"{estate.service_path}/domains", operator, body=foreign)
    assert problem(answer) == (404, "domain-not-found")


async def test_another_domain_becomes_the_primary_one(directory: Any, estate: Any) -> None:
    second = await estate.further_domain()
    alias = await estate.further_domain(alias_of=second["name"])
    path, owner = f"{estate.service_path}/domains", estate.house.owner

    made = await directory.made("POST", f"{path}/{second['id']}:make-primary", owner)

    assert made["is_primary"]
    assert (await directory.made("GET", estate.service_path, owner))["primary_domain"] == second["name"]
    assert (await directory.made("POST", f"{path}/{second['id']}:make-primary", owner))["version"] == made["version"]
    assert problem(await directory.ask("POST", f"{path}/{alias['id']}:make-primary", owner)) == (409, "domain-is-alias")


async def test_a_domain_goes_only_when_nothing_depends_on_it(directory: Any, operator: Any, estate: Any) -> None:
    second = await estate.further_domain()
    alias = await estate.further_domain(alias_of=second["name"])
    path = f"{estate.service_path}/domains"
    primary = next(each for each in (await directory.made("GET", path, operator))["items"] if each["is_primary"])

    assert problem(await directory.ask("DELETE", f"{path}/{primary['id']}", operator, version=1)) == (
        409,
        "domain-is-primary",
    )
    assert problem(await directory.ask("DELETE", f"{path}/{second['id']}", operator, version=1)) == (
        409,
        "domain-in-use",
    )
    assert (await directory.ask("DELETE", f"{path}/{alias['id']}", operator, version=9)).status_code == 412
    assert (await directory.ask("DELETE", f"{path}/{alias['id']}", operator)).status_code == 428
    assert (await directory.ask("DELETE", f"{path}/{alias['id']}", operator, version=1)).status_code == 204
    assert (await directory.ask("DELETE", f"{path}/{second['id']}", operator, version=1)).status_code == 204
    assert problem(await directory.ask("GET", f"{path}/{second['id']}", operator)) == (404, "domain-not-found")


async def test_domains_are_for_the_operator_to_give(directory: Any, estate: Any, other_estate: Any) -> None:
    second = await estate.further_domain()
    path = f"{estate.service_path}/domains"
    requests = [
        ("GET", path, None, 200, 404, 404),
        ("GET", f"{path}/{second['id']}", None, 200, 404, 404),
        ("POST", path, {"name": "new.example.org"}, 403, 403, 403),
        ("DELETE", f"{path}/{second['id']}", None, 403, 403, 403),
        ("POST", f"{path}/{second['id']}:make-primary", None, 200, 404, 404),
    ]

    for method, where, body, owner, member, stranger in requests:
        assert (await directory.ask(method, where, None, body=body, version=1)).status_code == 401
        callers = ((estate.house.owner, owner), (estate.house.member, member), (other_estate.house.owner, stranger))
        for caller, status in callers:
            assert (await directory.ask(method, where, caller, body=body, version=1)).status_code == status


async def test_a_member_with_an_address_does_not_choose_the_primary_domain(directory: Any, estate: Any) -> None:
    second = await estate.further_domain()
    member = await estate.grant(Role.MEMBER, await estate.address())

    answer = await directory.ask("POST", f"{estate.service_path}/domains/{second['id']}:make-primary", member)

    assert problem(answer) == (403, "not-a-manager")

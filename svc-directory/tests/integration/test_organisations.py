from typing import Any
from uuid import UUID, uuid4

import pytest

from postroom_shared.principal import Role

ORGANISATION = {
    "name": "Example SA",
    "address_lines": ["Rue du Lac 1", "1200 Genève"],
    "language": "fr",
    "time_zone": "Europe/Zurich",
    "contact_email": "Office@Example.com",
    "registration_number": "CHE-123.456.789",
}


async def test_the_operator_creates_an_organisation_and_an_event_tells(directory: Any, operator: Any) -> None:
    answer = await directory.ask("POST", "/v1/organisations", operator, body=ORGANISATION)

    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["location"] == f"/v1/organisations/{made['id']}"
    assert answer.headers["etag"] == '"1"'
    assert made | ORGANISATION == made | {"contact_email": "Office@Example.com"} | ORGANISATION
    assert made["contact_email"] == "office@example.com"
    assert await directory.events(made["id"]) == [("organisation.created.v1", {"id": made["id"], "version": 1})]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "  "},
        {"name": "two\nlines"},
        {"language": "es"},
        {"time_zone": "Europe/Nowhere"},
        {"time_zone": "../../etc/passwd"},
        {"contact_email": "nobody"},
        {"unknown": 1},
        {"address_lines": ["x"] * 9},
    ],
)
async def test_values_that_make_no_sense_are_refused(directory: Any, operator: Any, wrong: dict[str, Any]) -> None:
    answer = await directory.ask("POST", "/v1/organisations", operator, body=ORGANISATION | wrong)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith(next(iter(wrong)))


async def test_only_the_operator_creates_suspends_resumes_and_deletes(directory: Any, house: Any) -> None:
    path = f"/v1/organisations/{house.id}"
    requests = [
        ("POST", "/v1/organisations", ORGANISATION),
        ("POST", f"{path}:suspend", None),
        ("POST", f"{path}:resume", None),
        ("DELETE", path, None),
    ]

    for method, where, body in requests:
        assert (await directory.ask(method, where, None, body=body, version=1)).status_code == 401
        assert (await directory.ask(method, where, house.owner, body=body, version=1)).status_code == 403


async def test_people_see_their_own_organisations_only(directory: Any, house: Any, neighbour: Any) -> None:
    path = f"/v1/organisations/{house.id}"

    listed = await directory.made("GET", "/v1/organisations", house.guest)

    assert [each["id"] for each in listed["items"]] == [str(house.id)]
    assert (await directory.ask("GET", path, house.guest)).status_code == 200
    assert (await directory.ask("GET", path, neighbour.owner)).status_code == 404
    assert (await directory.ask("GET", path, None)).status_code == 401
    assert (await directory.ask("PATCH", path, neighbour.owner, body={"name": "X"}, version=1)).status_code == 404


async def test_managers_change_their_organisation_and_members_do_not(directory: Any, house: Any) -> None:
    path = f"/v1/organisations/{house.id}"
    change = {"name": "Renamed", "contact_email": None, "address_lines": ["Here"]}

    changed = await directory.ask("PATCH", path, house.administrator, body=change, version=1)
    refused = await directory.ask("PATCH", path, house.member, body=change, version=2)

    assert changed.status_code == 200
    assert changed.headers["etag"] == '"2"'
    assert changed.json()["name"] == "Renamed"
    assert changed.json()["language"] == "fr"
    assert changed.json()["contact_email"] is None
    assert refused.status_code == 403
    assert (await directory.events(house.id))[-1] == (
        "organisation.changed.v1",
        {"id": str(house.id), "version": 2},
    )


async def test_a_change_names_the_version_it_is_based_on(directory: Any, house: Any) -> None:
    path = f"/v1/organisations/{house.id}"

    missing = await directory.ask("PATCH", path, house.owner, body={"name": "X"})
    stale = await directory.ask("PATCH", path, house.owner, body={"name": "X"}, version=7)

    assert missing.status_code == 428
    assert stale.status_code == 412


async def test_an_organisation_is_suspended_resumed_and_deleted(directory: Any, operator: Any) -> None:
    made = UUID((await directory.made("POST", "/v1/organisations", operator, body=ORGANISATION))["id"])
    path = f"/v1/organisations/{made}"

    suspended = await directory.made("POST", f"{path}:suspend", operator, version=1)
    again = await directory.ask("POST", f"{path}:suspend", operator, version=2)
    resumed = await directory.made("POST", f"{path}:resume", operator, version=2)
    deleted = await directory.ask("DELETE", path, operator, version=3)
    after = await directory.ask("POST", f"{path}:resume", operator, version=4)

    assert suspended["state"] == "suspended"
    assert again.json()["type"] == "urn:postroom:problem:directory/organisation-state"
    assert resumed["state"] == "active"
    assert deleted.status_code == 204
    assert after.status_code == 409
    assert [each[0] for each in await directory.events(made)][-1] == "organisation.deleted.v1"


async def test_an_organisation_with_mail_services_is_not_deleted(
    directory: Any, operator: Any, house: Any, stored_address: Any
) -> None:
    await stored_address(house)

    refused = await directory.ask("DELETE", f"/v1/organisations/{house.id}", operator, version=1)

    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:postroom:problem:directory/organisation-not-empty"


async def test_the_operator_pages_and_filters_the_list(directory: Any, operator: Any) -> None:
    mark = uuid4().hex
    wanted = [await directory.organisation(f"{mark} {number}") for number in range(5)]
    await directory.made("POST", f"/v1/organisations/{wanted[4]}:suspend", operator, version=1)
    path = f"/v1/organisations?text={mark}&limit=2&state=active"

    first = await directory.made("GET", path, operator)
    second = await directory.made("GET", f"{path}&cursor={first['next']}", operator)

    assert [each["id"] for each in first["items"] + second["items"]] == [str(each) for each in wanted[:4]]
    assert second["next"] is None


async def test_nonsense_in_a_query_is_refused(directory: Any, operator: Any) -> None:
    for query in ("cursor=x", "cursor=WyJhIiwiYiJd", "limit=0", "limit=201", "states=active", "text=%00"):
        assert (await directory.ask("GET", f"/v1/organisations?{query}", operator)).status_code == 422, query


async def test_an_administrator_acting_elsewhere_changes_nothing_here(directory: Any, house: Any) -> None:
    from dataclasses import replace

    elsewhere = replace(house.owner, organisation_id=uuid4(), role=Role.OWNER)

    refused = await directory.ask("PATCH", f"/v1/organisations/{house.id}", elsewhere, body={"name": "X"}, version=1)

    assert refused.status_code == 403

from typing import Any
from uuid import uuid4

from postroom_shared.principal import AddressRight


async def test_a_manager_attaches_an_address_and_the_logs_come_with_it(
    directory: Any, house: Any, stored_address: Any
) -> None:
    address_id = await stored_address(house)
    body = {"person_id": str(house.guest.person_id)}

    answer = await directory.ask("POST", f"/v1/addresses/{address_id}/grants", house.administrator, body=body)

    assert answer.status_code == 201
    grant = answer.json()
    assert grant["rights"] == ["logs.read", "responder.manage"]
    assert answer.headers["location"] == f"/v1/grants/{grant['id']}"
    assert await directory.events(grant["id"]) == [
        (
            "grant.created.v1",
            {
                "id": grant["id"],
                "version": 1,
                "address_id": str(address_id),
                "person_id": str(house.guest.person_id),
            },
        )
    ]


async def test_the_manager_takes_the_log_right_away(directory: Any, house: Any, stored_address: Any) -> None:
    address_id = await stored_address(house)
    body = {"person_id": str(house.guest.person_id)}
    grant = await directory.made("POST", f"/v1/addresses/{address_id}/grants", house.owner, body=body)
    path = f"/v1/grants/{grant['id']}"

    changed = await directory.ask("PATCH", path, house.owner, body={"rights": ["send_as"]}, version=1)
    me = await directory.made("GET", "/v1/me", house.guest)

    assert changed.json()["rights"] == ["send_as"]
    assert changed.headers["etag"] == '"2"'
    assert [each["rights"] for each in me["addresses"]] == [["send_as"]]
    assert (await directory.events(grant["id"]))[-1][0] == "grant.changed.v1"


async def test_only_managers_grant(directory: Any, house: Any, neighbour: Any, stored_address: Any) -> None:
    address_id = await stored_address(house)
    path = f"/v1/addresses/{address_id}/grants"
    body = {"person_id": str(house.guest.person_id)}
    grant = await directory.made("POST", path, house.owner, body=body)
    one = f"/v1/grants/{grant['id']}"

    for method, where, sent in (
        ("POST", path, body),
        ("PATCH", one, {"rights": list(AddressRight)}),
        ("DELETE", one, None),
    ):
        assert (await directory.ask(method, where, None, body=sent, version=1)).status_code == 401
        assert (await directory.ask(method, where, house.guest, body=sent, version=1)).status_code == 403
        assert (await directory.ask(method, where, neighbour.owner, body=sent, version=1)).status_code == 404


async def test_grants_are_read_by_managers_and_their_person(
    directory: Any, house: Any, neighbour: Any, stored_address: Any, operator: Any
) -> None:
    address_id = await stored_address(house)
    path = f"/v1/addresses/{address_id}/grants"
    for person in (house.guest, house.member):
        await directory.made("POST", path, house.owner, body={"person_id": str(person.person_id), "rights": []})

    everybody = await directory.made("GET", f"{path}?limit=1", house.owner)
    mine = await directory.made("GET", "/v1/grants", house.guest)
    filtered = await directory.made("GET", f"/v1/grants?person_id={house.member.person_id}", house.administrator)
    one = f"/v1/grants/{mine['items'][0]['id']}"

    assert everybody["next"]
    assert [each["person_id"] for each in mine["items"]] == [str(house.guest.person_id)]
    assert [each["person_id"] for each in filtered["items"]] == [str(house.member.person_id)]
    assert (await directory.ask("GET", one, house.guest)).status_code == 200
    assert (await directory.ask("GET", one, house.member)).status_code == 404
    assert (await directory.ask("GET", one, neighbour.owner)).status_code == 404
    assert (await directory.ask("GET", path, neighbour.owner)).status_code == 404
    assert (await directory.ask("GET", "/v1/grants", operator)).status_code == 403
    assert (await directory.ask("GET", "/v1/grants", None)).status_code == 401


async def test_an_address_is_attached_once_and_to_people_of_the_organisation(
    directory: Any, house: Any, neighbour: Any, stored_address: Any
) -> None:
    path = f"/v1/addresses/{await stored_address(house)}/grants"
    body = {"person_id": str(house.guest.person_id)}
    await directory.made("POST", path, house.owner, body=body)

    twice = await directory.ask("POST", path, house.owner, body=body)
    stranger = await directory.ask("POST", path, house.owner, body={"person_id": str(neighbour.owner.person_id)})
    nothing = await directory.ask("POST", f"/v1/addresses/{uuid4()}/grants", house.owner, body=body)
    nonsense = await directory.ask("POST", path, house.owner, body=body | {"rights": ["everything"]})

    assert twice.json()["type"] == "urn:postroom:problem:directory/grant-exists"
    assert stranger.status_code == 404
    assert nothing.status_code == 404
    assert nonsense.status_code == 422


async def test_a_grant_is_taken_away(directory: Any, house: Any, stored_address: Any) -> None:
    path = f"/v1/addresses/{await stored_address(house)}/grants"
    grant = await directory.made("POST", path, house.owner, body={"person_id": str(house.guest.person_id)})
    one = f"/v1/grants/{grant['id']}"

    stale = await directory.ask("DELETE", one, house.owner, version=9)
    gone = await directory.ask("DELETE", one, house.owner, version=1)

    assert stale.status_code == 412
    assert gone.status_code == 204
    assert (await directory.made("GET", "/v1/me", house.guest))["addresses"] == []


async def test_me_tells_person_organisations_and_attached_addresses(
    directory: Any, house: Any, neighbour: Any, stored_address: Any
) -> None:
    address_id = await stored_address(house)
    await directory.made(
        "POST",
        f"/v1/addresses/{address_id}/grants",
        house.owner,
        body={"person_id": str(house.owner.person_id), "rights": []},
    )

    me = await directory.made("GET", "/v1/me", house.owner)

    assert me["person"]["id"] == str(house.owner.person_id)
    assert me["role"] == "owner"
    assert [each["organisation_id"] for each in me["organisations"]] == [str(house.id)]
    assert [each["address_id"] for each in me["addresses"]] == [str(address_id)]
    assert set(me["addresses"][0]["rights"]) == set(AddressRight)
    assert (await directory.made("GET", "/v1/me", neighbour.owner))["addresses"] == []
    assert (await directory.ask("GET", "/v1/me", None)).status_code == 401


async def test_me_of_somebody_who_is_gone_is_not_found(directory: Any, operator: Any) -> None:
    assert (await directory.ask("GET", "/v1/me", operator)).status_code == 404

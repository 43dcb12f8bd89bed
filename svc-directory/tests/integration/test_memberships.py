from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from postroom_shared.principal import Role


async def test_managers_list_everybody_and_others_themselves(directory: Any, house: Any, neighbour: Any) -> None:
    everybody = await directory.made("GET", "/v1/memberships", house.administrator)
    owners = await directory.made("GET", "/v1/memberships?role=owner&role=legal_representative", house.owner)
    alone = await directory.made("GET", "/v1/memberships", house.guest)
    elsewhere = await directory.made("GET", f"/v1/memberships?organisation_id={house.id}", neighbour.owner)

    assert len(everybody["items"]) == len(Role)
    assert {each["role"] for each in owners["items"]} == {"owner", "legal_representative"}
    assert [each["person_id"] for each in alone["items"]] == [str(house.guest.person_id)]
    assert elsewhere["items"] == []


async def test_a_membership_is_read_by_managers_and_its_person(directory: Any, house: Any, neighbour: Any) -> None:
    path = f"/v1/memberships/{house.memberships[Role.GUEST]}"

    assert (await directory.ask("GET", path, house.administrator)).headers["etag"] == '"1"'
    assert (await directory.ask("GET", path, house.guest)).status_code == 200
    assert (await directory.ask("GET", path, house.member)).status_code == 404
    assert (await directory.ask("GET", path, neighbour.owner)).status_code == 404
    assert (await directory.ask("GET", path, None)).status_code == 401


@pytest.mark.parametrize(
    ("actor", "target", "becomes", "status"),
    [
        (Role.OWNER, Role.MEMBER, "owner", 200),
        (Role.OWNER, Role.MEMBER, "administrator", 200),
        (Role.OWNER, Role.LEGAL_REPRESENTATIVE, "guest", 200),
        (Role.LEGAL_REPRESENTATIVE, Role.MEMBER, "owner", 200),
        (Role.ADMINISTRATOR, Role.MEMBER, "administrator", 200),
        (Role.ADMINISTRATOR, Role.ADMINISTRATOR, "owner", 403),
        (Role.ADMINISTRATOR, Role.ADMINISTRATOR, "legal_representative", 403),
        (Role.ADMINISTRATOR, Role.ADMINISTRATOR, "member", 200),
        (Role.ADMINISTRATOR, Role.OWNER, "member", 403),
        (Role.ADMINISTRATOR, Role.LEGAL_REPRESENTATIVE, "member", 403),
        (Role.ADMINISTRATOR, Role.MEMBER, "owner", 403),
        (Role.MEMBER, Role.MEMBER, "owner", 403),
        (Role.GUEST, Role.GUEST, "member", 403),
        (Role.MEMBER, Role.GUEST, "member", 404),
        (Role.OWNER, Role.OWNER, "member", 409),
    ],
)
async def test_who_makes_whom_what(
    directory: Any, house: Any, *, actor: Role, target: Role, becomes: str, status: int
) -> None:
    path = f"/v1/memberships/{house.memberships[target]}"

    answer = await directory.ask("PATCH", path, house.people[actor], body={"role": becomes}, version=1)

    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("actor", "target", "status"),
    [
        (Role.OWNER, Role.LEGAL_REPRESENTATIVE, 204),
        (Role.ADMINISTRATOR, Role.MEMBER, 204),
        (Role.ADMINISTRATOR, Role.LEGAL_REPRESENTATIVE, 403),
        (Role.GUEST, Role.GUEST, 204),
        (Role.GUEST, Role.MEMBER, 404),
        (Role.OWNER, Role.OWNER, 409),
    ],
)
async def test_who_takes_whom_out(directory: Any, house: Any, actor: Role, target: Role, status: int) -> None:
    path = f"/v1/memberships/{house.memberships[target]}"

    answer = await directory.ask("DELETE", path, house.people[actor], version=1)

    assert answer.status_code == status, answer.text


async def test_an_owner_goes_when_there_is_another(directory: Any, house: Any) -> None:
    other = f"/v1/memberships/{house.memberships[Role.MEMBER]}"
    await directory.made("PATCH", other, house.owner, body={"role": "owner"}, version=1)

    answer = await directory.ask("DELETE", f"/v1/memberships/{house.memberships[Role.OWNER]}", house.owner, version=1)

    assert answer.status_code == 204


async def test_an_invited_owner_who_has_not_accepted_does_not_count(directory: Any, house: Any, neighbour: Any) -> None:
    body = {
        "email": neighbour.emails[Role.OWNER],
        "display_name": "N",
        "language": "fr",
        "role": "owner",
    }
    await directory.made("POST", "/v1/people", house.owner, body=body)

    answer = await directory.ask("DELETE", f"/v1/memberships/{house.memberships[Role.OWNER]}", house.owner, version=1)

    assert answer.status_code == 409


async def test_leaving_takes_the_grants_too(directory: Any, house: Any, stored_address: Any) -> None:
    address_id = await stored_address(house)
    body = {"person_id": str(house.guest.person_id)}
    grant = await directory.made("POST", f"/v1/addresses/{address_id}/grants", house.owner, body=body)

    await directory.made("DELETE", f"/v1/memberships/{house.memberships[Role.GUEST]}", house.guest, version=1)

    assert [each[0] for each in await directory.events(grant["id"])] == ["grant.created.v1", "grant.deleted.v1"]
    deleted = (await directory.events(house.memberships[Role.GUEST]))[-1]
    assert deleted == (
        "membership.deleted.v1",
        {"id": str(house.memberships[Role.GUEST]), "version": 2, "person_id": str(house.guest.person_id)},
    )


async def test_changes_name_their_version(directory: Any, house: Any) -> None:
    path = f"/v1/memberships/{house.memberships[Role.MEMBER]}"

    assert (await directory.ask("PATCH", path, house.owner, body={"role": "guest"})).status_code == 428
    assert (await directory.ask("PATCH", path, house.owner, body={"role": "guest"}, version=3)).status_code == 412
    assert (await directory.ask("DELETE", path, house.owner, version=3)).status_code == 412


async def test_a_role_elsewhere_opens_nothing_here(directory: Any, house: Any) -> None:
    elsewhere = replace(house.member, organisation_id=uuid4(), role=Role.OWNER)
    path = f"/v1/memberships/{house.memberships[Role.MEMBER]}"

    assert (await directory.ask("PATCH", path, elsewhere, body={"role": "owner"}, version=1)).status_code == 403
    assert (await directory.ask("PATCH", path, None, body={"role": "owner"}, version=1)).status_code == 401

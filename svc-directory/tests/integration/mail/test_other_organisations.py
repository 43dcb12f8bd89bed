"""Nothing of an organisation can be seen or changed from another one; what each feature's own tests say is not here."""

from typing import Any

import pytest

from postroom_shared.principal import Role

LISTS = ("addresses", "grants", "mail-servers", "mail-services", "memberships", "organisations", "people")
INVITATION = {"email": "new@example.com", "display_name": "New", "language": "fr", "role": "member"}
PASSWORDS = {"present_password": "correct horse battery", "new_password": "staple battery horse"}


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_shows_nothing_of_another_organisation(
    directory: Any, estate: Any, other_estate: Any, name: str
) -> None:
    for each in (estate, other_estate):
        await each.grant(Role.MEMBER, await each.address())

    mine, theirs = [
        {item["id"] for item in (await directory.made("GET", f"/v1/{name}", each.house.owner))["items"]}
        for each in (estate, other_estate)
    ]

    assert mine
    assert theirs
    assert not mine & theirs


@pytest.mark.parametrize(
    ("request_line", "body"),
    [
        ("POST /v1/people", {**INVITATION, "organisation_id": "{house}"}),
        ("PATCH /v1/people/{person}", {"display_name": "Mallory"}),
        ("DELETE /v1/people/{person}", None),
        ("POST /v1/people/{person}:change-password", PASSWORDS),
        ("POST /v1/people/{person}:reset-password", None),
        ("PATCH /v1/memberships/{membership}", {"role": "guest"}),
        ("DELETE /v1/memberships/{membership}", None),
        ("POST /v1/memberships/{membership}:accept", None),
        ("POST /v1/addresses", {"mail_service_id": "{service}", "address": "mallory@{domain}"}),
    ],
)
async def test_a_stranger_is_refused(
    directory: Any, estate: Any, other_estate: Any, request_line: str, body: dict[str, str] | None
) -> None:
    house, stranger = estate.house, other_estate.house.owner
    names = {
        "house": house.id,
        "person": house.member.person_id,
        "membership": house.memberships[Role.MEMBER],
        "service": estate.service_id,
        "domain": estate.domain,
    }
    await directory.made("GET", f"/v1/people/{names['person']}", house.owner)
    await directory.made("GET", f"/v1/memberships/{names['membership']}", house.owner)

    method, path = request_line.format(**names).split()
    sent = body and {key: value.format(**names) for key, value in body.items()}
    answer = await directory.ask(method, path, stranger, body=sent, version=1)

    assert answer.status_code in {403, 404}, answer.text

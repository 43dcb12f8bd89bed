from typing import Any
from uuid import UUID, uuid4

import pytest

from postroom_shared.principal import Role
from postroom_shared.values import uuid7

PASSWORD = "correct horse battery staple"


def invitation(role: str | None = "member", **changes: Any) -> dict[str, Any]:
    return {"email": f"{uuid4().hex}@example.com", "display_name": "Anna", "language": "fr", "role": role} | changes


async def test_a_manager_invites_somebody_who_gets_a_one_time_link(directory: Any, house: Any) -> None:
    body = invitation()

    answer = await directory.ask("POST", "/v1/people", house.administrator, body=body)

    assert answer.status_code == 201
    invited = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert invited["membership"]["role"] == "member"
    assert invited["membership"]["accepted_at"] is not None
    assert invited["password_link"]["url"].endswith(f"/set-password#{invited['password_link']['token']}")
    assert await directory.events(invited["person_id"]) == [
        ("person.created.v1", {"id": invited["person_id"], "version": 1})
    ]
    assert [each[0] for each in await directory.events(invited["membership"]["id"])] == ["membership.created.v1"]


async def test_who_has_an_account_must_accept_an_invitation(directory: Any, house: Any, neighbour: Any) -> None:
    body = invitation(email=house.emails[Role.MEMBER])

    invited = await directory.made("POST", "/v1/people", neighbour.owner, body=body)
    path = f"/v1/memberships/{invited['membership']['id']}"
    unseen = await directory.ask("GET", f"/v1/people/{house.member.person_id}", neighbour.owner)
    by_another = await directory.ask("POST", f"{path}:accept", neighbour.owner)
    accepted = await directory.ask("POST", f"{path}:accept", house.member)
    twice = await directory.ask("POST", f"{path}:accept", house.member)
    seen = await directory.ask("GET", f"/v1/people/{house.member.person_id}", neighbour.owner)

    assert invited["password_link"] is None
    assert invited["membership"]["accepted_at"] is None
    assert unseen.status_code == 404
    assert by_another.status_code == 403
    assert accepted.status_code == 200
    assert twice.json()["type"] == "urn:postroom:problem:directory/already-accepted"
    assert seen.status_code == 200


async def test_a_shared_account_cannot_be_taken_over_by_one_of_its_organisations(
    directory: Any, house: Any, neighbour: Any, operator: Any
) -> None:
    body = invitation(email=house.emails[Role.OWNER], role="member")
    invited = await directory.made("POST", "/v1/people", neighbour.owner, body=body)
    await directory.made("POST", f"/v1/memberships/{invited['membership']['id']}:accept", house.owner)
    path = f"/v1/people/{house.owner.person_id}"

    for answer in (
        await directory.ask("POST", f"{path}:reset-password", neighbour.owner),
        await directory.ask("PATCH", path, neighbour.owner, body={"enabled": False}, version=1),
        await directory.ask("DELETE", path, neighbour.owner, version=1),
    ):
        assert answer.status_code == 409
        assert answer.json()["type"] == "urn:postroom:problem:directory/shared-account"
    assert (await directory.ask("POST", f"{path}:reset-password", operator)).status_code == 200


async def test_an_invitation_alone_does_not_make_an_account_shared(directory: Any, house: Any, neighbour: Any) -> None:
    await directory.made("POST", "/v1/people", neighbour.owner, body=invitation(email=house.emails[Role.MEMBER]))

    answer = await directory.ask("POST", f"/v1/people/{house.member.person_id}:reset-password", house.owner)

    assert answer.status_code == 200


async def test_an_administrator_names_no_owner_and_resets_no_owners_password(directory: Any, house: Any) -> None:
    for role in ("owner", "legal_representative"):
        refused = await directory.ask("POST", "/v1/people", house.administrator, body=invitation(role))
        assert refused.status_code == 403
        assert refused.json()["type"] == "urn:postroom:problem:directory/role-not-yours"
    reset = await directory.ask("POST", f"/v1/people/{house.owner.person_id}:reset-password", house.administrator)
    assert reset.status_code == 403
    assert (await directory.ask("POST", "/v1/people", house.owner, body=invitation("owner"))).status_code == 201


async def test_nobody_is_invited_twice(directory: Any, house: Any) -> None:
    answer = await directory.ask(
        "POST", "/v1/people", house.owner, body=invitation(email=house.emails[Role.GUEST].upper())
    )

    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:postroom:problem:directory/already-member"


async def test_members_and_strangers_invite_nobody(directory: Any, house: Any, neighbour: Any) -> None:
    elsewhere = invitation(organisation_id=str(house.id))

    assert (await directory.ask("POST", "/v1/people", None, body=invitation())).status_code == 401
    assert (await directory.ask("POST", "/v1/people", house.member, body=invitation())).status_code == 403
    assert (await directory.ask("POST", "/v1/people", neighbour.owner, body=elsewhere)).status_code == 403


async def test_an_operator_names_organisation_and_role_together_or_neither(
    directory: Any, operator: Any, house: Any
) -> None:
    alone = await directory.made("POST", "/v1/people", operator, body=invitation(role=None))
    only_role = await directory.ask("POST", "/v1/people", operator, body=invitation())
    nowhere = await directory.ask("POST", "/v1/people", operator, body=invitation(organisation_id=str(uuid7())))
    again = await directory.ask(
        "POST", "/v1/people", operator, body=invitation(role=None, email=house.emails[Role.MEMBER])
    )

    assert alone["membership"] is None
    assert only_role.json()["type"] == "urn:postroom:problem:directory/organisation-missing"
    assert nowhere.status_code == 404
    assert again.status_code == 409


async def test_managers_see_the_people_of_their_organisation_and_others_themselves(
    directory: Any, house: Any, neighbour: Any
) -> None:
    seen = await directory.made("GET", "/v1/people?limit=3", house.administrator)
    rest = await directory.made("GET", f"/v1/people?limit=3&cursor={seen['next']}", house.administrator)
    alone = await directory.made("GET", "/v1/people", house.member)
    path = f"/v1/people/{house.guest.person_id}"

    everybody = {str(each.person_id) for each in house.people.values()}
    assert {each["id"] for each in seen["items"] + rest["items"]} == everybody
    assert [each["id"] for each in alone["items"]] == [str(house.member.person_id)]
    assert (await directory.ask("GET", path, house.guest)).status_code == 200
    assert (await directory.ask("GET", path, house.member)).status_code == 404
    assert (await directory.ask("GET", path, neighbour.owner)).status_code == 404
    assert (await directory.ask("GET", path, None)).status_code == 401


async def test_the_list_is_filtered(directory: Any, house: Any, operator: Any) -> None:
    email = house.emails[Role.GUEST]

    by_email = await directory.made("GET", f"/v1/people?email={email}&enabled=true&operator=false", operator)
    disabled = await directory.made("GET", f"/v1/people?email={email}&enabled=false", operator)

    assert [each["email"] for each in by_email["items"]] == [email]
    assert disabled["items"] == []


async def test_a_person_changes_name_and_language_and_nothing_else(directory: Any, house: Any) -> None:
    path = f"/v1/people/{house.member.person_id}"

    changed = await directory.made(
        "PATCH", path, house.member, body={"display_name": "Bea", "language": "de"}, version=1
    )
    for change in ({"enabled": False}, {"operator": True}):
        assert (await directory.ask("PATCH", path, house.member, body=change, version=2)).status_code == 403

    assert (changed["display_name"], changed["language"], changed["version"]) == ("Bea", "de", 2)
    assert (await directory.ask("PATCH", path, house.guest, body={"language": "fr"}, version=2)).status_code == 404
    assert (await directory.ask("PATCH", path, house.member, body={"language": "fr"})).status_code == 428
    assert (await directory.ask("PATCH", path, house.member, body={"language": "fr"}, version=1)).status_code == 412


async def test_disabling_ends_sessions_and_refuses_the_sign_in(directory: Any, house: Any) -> None:
    await directory.set_password(house.links[Role.MEMBER])
    path = f"/v1/people/{house.member.person_id}"

    before = await directory.sign_in(house.emails[Role.MEMBER])
    disabled = await directory.made("PATCH", path, house.administrator, body={"enabled": False}, version=2)
    after = await directory.sign_in(house.emails[Role.MEMBER])

    assert before.status_code == 200
    assert disabled["enabled"] is False
    assert after.status_code == 401
    assert (await directory.events(house.member.person_id))[-1] == (
        "person.credential_changed.v1",
        {"id": str(house.member.person_id), "version": 3, "credential_version": 3},
    )


async def test_only_operators_make_operators(directory: Any, house: Any, operator: Any) -> None:
    path = f"/v1/people/{house.member.person_id}"

    refused = await directory.ask("PATCH", path, house.owner, body={"operator": True}, version=1)
    made = await directory.made("PATCH", path, operator, body={"operator": True}, version=1)
    out_of_reach = await directory.ask("POST", f"{path}:reset-password", house.owner)

    assert refused.status_code == 403
    assert made["operator"] is True
    assert out_of_reach.status_code == 403


async def test_the_last_operator_stays(fresh_directory: Any, operator: Any) -> None:
    made = await fresh_directory.made("POST", "/v1/people", operator, body=invitation(role=None))
    path = f"/v1/people/{made['person_id']}"
    await fresh_directory.made("PATCH", path, operator, body={"operator": True}, version=1)

    for answer in (
        await fresh_directory.ask("PATCH", path, operator, body={"operator": False}, version=2),
        await fresh_directory.ask("PATCH", path, operator, body={"enabled": False}, version=2),
        await fresh_directory.ask("DELETE", path, operator, version=2),
    ):
        assert answer.status_code == 409
        assert answer.json()["type"] == "urn:postroom:problem:directory/last-operator"


async def test_deleting_a_person_takes_memberships_and_grants(directory: Any, house: Any, stored_address: Any) -> None:
    address_id = await stored_address(house)
    body = {"person_id": str(house.member.person_id)}
    grant = await directory.made("POST", f"/v1/addresses/{address_id}/grants", house.owner, body=body)

    answer = await directory.ask("DELETE", f"/v1/people/{house.member.person_id}", house.owner, version=1)

    assert answer.status_code == 204
    assert (await directory.ask("GET", f"/v1/grants/{grant['id']}", house.owner)).status_code == 404
    assert [each[0] for each in await directory.events(grant["id"])] == ["grant.created.v1", "grant.deleted.v1"]
    last = (await directory.events(house.memberships[Role.MEMBER]))[-1]
    assert last[0] == "membership.deleted.v1"
    assert (await directory.events(house.member.person_id))[-1][0] == "person.deleted.v1"


async def test_the_last_owners_account_is_not_deleted(directory: Any, house: Any, operator: Any) -> None:
    answer = await directory.ask("DELETE", f"/v1/people/{house.owner.person_id}", operator, version=1)

    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:postroom:problem:directory/last-owner"


async def test_a_one_time_link_works_once(directory: Any, house: Any) -> None:
    token = house.links[Role.GUEST]

    first = await directory.set_password(token)
    second = await directory.set_password(token)

    assert first.status_code == 204
    assert second.status_code == 404
    assert second.json()["type"] == "urn:postroom:problem:directory/password-link"
    assert (await directory.sign_in(house.emails[Role.GUEST])).status_code == 200


async def test_a_newer_link_ends_the_older_one(directory: Any, house: Any) -> None:
    answer = await directory.ask("POST", f"/v1/people/{house.guest.person_id}:reset-password", house.administrator)

    assert answer.headers["cache-control"] == "no-store"
    assert (await directory.set_password(house.links[Role.GUEST])).status_code == 404
    assert (await directory.set_password(answer.json()["token"])).status_code == 204


async def test_a_link_has_an_end(directory: Any, house: Any) -> None:
    from sqlalchemy import text

    async with directory.service.runtime.sessions() as session, session.begin():
        await session.execute(
            text("update password_link set expires_at = now() where person_id = :id"), {"id": house.guest.person_id}
        )

    assert (await directory.set_password(house.links[Role.GUEST])).status_code == 404


@pytest.mark.parametrize("password", ["aaaaaaaaaaaaaa", "abababababababab"])
async def test_easy_passwords_are_refused(directory: Any, house: Any, password: str) -> None:
    weak = await directory.set_password(house.links[Role.GUEST], password)
    short = await directory.set_password(house.links[Role.GUEST], "Xy7-short")
    own = await directory.set_password(house.links[Role.GUEST], house.emails[Role.GUEST])

    assert weak.json()["type"] == "urn:postroom:problem:directory/weak-password"
    assert own.json()["type"] == "urn:postroom:problem:directory/weak-password"
    assert short.status_code == 422
    assert "Xy7-short" not in short.text


async def test_a_person_changes_their_password_with_the_present_one(directory: Any, house: Any) -> None:
    await directory.set_password(house.links[Role.MEMBER])
    path = f"/v1/people/{house.member.person_id}:change-password"
    change = {"present_password": PASSWORD, "new_password": "another long password"}

    wrong = await directory.ask("POST", path, house.member, body=change | {"present_password": "guess"})
    weak = await directory.ask("POST", path, house.member, body=change | {"new_password": "aaaaaaaaaaaaaaaa"})
    by_owner = await directory.ask("POST", path, house.owner, body=change)
    by_stranger = await directory.ask("POST", path, house.guest, body=change)
    changed = await directory.ask("POST", path, house.member, body=change)

    assert wrong.json()["type"] == "urn:postroom:problem:directory/wrong-password"
    assert weak.status_code == 422
    assert by_owner.status_code == 403
    assert by_stranger.status_code == 404
    assert changed.status_code == 204
    assert (await directory.sign_in(house.emails[Role.MEMBER])).status_code == 401
    assert (await directory.sign_in(house.emails[Role.MEMBER], "another long password")).status_code == 200
    assert (await directory.ask("POST", path, None, body=change)).status_code == 401


async def test_the_present_password_cannot_be_guessed_without_delay(directory: Any, house: Any) -> None:
    await directory.set_password(house.links[Role.MEMBER])
    path = f"/v1/people/{house.member.person_id}:change-password"
    change = {"present_password": "guess", "new_password": "another long password"}

    answers = [await directory.ask("POST", path, house.member, body=change) for _ in range(7)]

    assert [each.status_code for each in answers] == [403] * 6 + [429]
    assert int(answers[-1].headers["retry-after"]) >= 1


async def test_the_same_invitation_sent_twice_has_one_effect(directory: Any, house: Any) -> None:
    body, headers = invitation(), {"Idempotency-Key": uuid4().hex}

    first = await directory.ask("POST", "/v1/people", house.owner, body=body, headers=headers)
    second = await directory.ask("POST", "/v1/people", house.owner, body=body, headers=headers)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert UUID(first.json()["person_id"])

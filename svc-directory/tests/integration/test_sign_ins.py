import asyncio
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest

from postroom_shared.principal import Role

PASSWORD = "correct horse battery staple"


@pytest.fixture
async def known(directory: Any, house: Any) -> str:
    """The e-mail of somebody who can sign in."""
    await directory.set_password(house.links[Role.MEMBER])
    return str(house.emails[Role.MEMBER])


async def test_the_gateway_learns_who_signs_in(directory: Any, house: Any, known: str) -> None:
    answer = await directory.sign_in(known.upper())

    assert answer.status_code == 200
    assert answer.json() == {
        "person_id": str(house.member.person_id),
        "email": known,
        "display_name": "member",
        "language": "en",
        "operator": False,
        "credential_version": 2,
        "memberships": [{"organisation_id": str(house.id), "name": "Example SA", "role": "member"}],
    }


async def test_unknown_people_wrong_passwords_and_no_password_are_refused_alike(
    directory: Any, house: Any, known: str
) -> None:
    answers = [
        await directory.sign_in(known, "wrong"),
        await directory.sign_in(f"{uuid4().hex}@example.com"),
        await directory.sign_in("no address"),
        await directory.sign_in(house.emails[Role.GUEST]),
    ]

    assert {each.status_code for each in answers} == {401}
    bodies = [{**each.json(), "request_id": None} for each in answers]
    assert all(body == bodies[0] for body in bodies)


async def test_an_unknown_person_costs_as_much_time_as_a_known_one(directory: Any, known: str) -> None:
    loop = asyncio.get_running_loop()

    async def seconds(email: str) -> float:
        samples = []
        for _ in range(5):
            started = loop.time()
            await directory.sign_in(email, "wrong", address=f"198.51.100.{uuid4().int % 250}")
            samples.append(loop.time() - started)
        return sorted(samples)[2]

    wrong, unknown = await seconds(known), await seconds(f"{uuid4().hex}@example.com")

    assert 0.3 < unknown / wrong < 3


async def test_wrong_passwords_slow_the_account_down_until_the_right_one_comes(directory: Any, known: str) -> None:
    for number in range(6):
        assert (await directory.sign_in(known, "wrong", address=f"203.0.113.{number}")).status_code == 401

    delayed = await directory.sign_in(known, address="203.0.113.99")
    await asyncio.sleep(int(delayed.headers["retry-after"]))
    right = await directory.sign_in(known, address="203.0.113.99")
    after = [await directory.sign_in(known, "wrong", address="203.0.113.99") for _ in range(5)]

    assert delayed.status_code == 429
    assert delayed.json()["type"] == "urn:postroom:problem:directory/sign-in-delayed"
    assert right.status_code == 200
    assert {each.status_code for each in after} == {401}


async def test_many_guesses_at_once_gain_nothing(directory: Any, known: str) -> None:
    address = f"2001:db8::{uuid4().hex[:4]}"

    began = monotonic()
    answers = await asyncio.gather(*(directory.sign_in(known, f"wrong {n}", address=address) for n in range(20)))

    judged = [each.status_code for each in answers].count(401)
    assert {each.status_code for each in answers} == {401, 429}
    assert 6 <= judged <= 6 + (monotonic() - began)  # a pause that ends lets the next guess in


async def test_one_place_is_slowed_down_whatever_it_guesses(directory: Any) -> None:
    network = uuid4().hex[:4]

    statuses = [
        (await directory.sign_in(f"{uuid4().hex}@example.com", address=f"2001:db8:{network}::{n}")).status_code
        for n in range(22)
    ]

    assert statuses == [401] * 21 + [429]


async def test_hashes_of_other_costs_are_renewed(directory: Any, house: Any, known: str) -> None:
    from argon2 import PasswordHasher
    from sqlalchemy import text

    from postroom_shared.database import bind_organisation
    from postroom_shared.principal import SystemPrincipal

    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    async with directory.service.runtime.sessions() as session, session.begin():
        await bind_organisation(session, SystemPrincipal())
        change = text("update person set password_hash = :hash where id = :id returning credential_version")
        before = await session.scalar(change, {"hash": old, "id": house.member.person_id})

    answer = await directory.sign_in(known)

    async with directory.service.runtime.sessions() as session, session.begin():
        await bind_organisation(session, SystemPrincipal())
        stored = await session.scalar(
            text("select password_hash from person where id = :id"), {"id": house.member.person_id}
        )
    assert answer.json()["credential_version"] == before
    assert "$m=19456,t=2,p=1$" in stored
    assert (await directory.sign_in(known)).status_code == 200


async def test_suspended_organisations_are_not_offered(directory: Any, house: Any, known: str, operator: Any) -> None:
    await directory.made("POST", f"/v1/organisations/{house.id}:suspend", operator, version=1)

    assert (await directory.sign_in(known)).json()["memberships"] == []


async def test_only_the_gateway_asks(directory: Any, house: Any, known: str) -> None:
    body = {"email": known, "password": PASSWORD, "client_address": "192.0.2.7"}
    path, client = "/internal/v1/sign-ins:verify", directory.service.client

    assert (await client.post(path, json=body)).status_code == 401
    for headers in (directory.service.as_person(house.owner), directory.service.as_service("import")):
        assert (await client.post(path, json=body, headers=headers)).status_code == 403
    wrong = await client.post(
        path, json=body | {"client_address": "here"}, headers=directory.service.as_service("gateway")
    )
    assert wrong.status_code == 422
    assert PASSWORD not in wrong.text

"""Personal API tokens: made once, good for some things in one organisation, useless the moment they are revoked."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from postroom_gateway.api_tokens.tables import ApiTokenRow
from postroom_gateway.person_rows import transaction_of_gateway
from postroom_shared.database import Sessions
from postroom_shared.events.tables import OutboxRow
from postroom_shared.principal import Role
from postroom_shared.projection.repository import drop
from postroom_shared.projection.states import Kind
from postroom_shared.projection.tables import MembershipCopy

SignIn = Callable[..., Awaitable[Any]]
PATH = "/v1/api-tokens"


async def make(client: httpx.AsyncClient, person: Any, *scopes: str, **body: Any) -> httpx.Response:
    return await client.post(
        PATH,
        cookies=person.cookies,
        headers=person.csrf,
        json={"name": "Nightly copy", "scopes": list(scopes or ("imports.manage",)), **body},
    )


def bearer(answer: httpx.Response) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.json()['secret']}"}


async def test_a_token_is_shown_once_and_opens_what_its_scopes_say(
    client: httpx.AsyncClient, sign_in: SignIn, gateway_sessions: Sessions
) -> None:
    anna = await sign_in(role=Role.OWNER)

    made = await make(client, anna, "imports.manage", "imports.read")
    listed = await client.get(PATH, cookies=anna.cookies)
    passed_on = await client.get("/v1/people/x", headers=bearer(made))
    refused = await client.get("/v1/sessions", headers=bearer(made))

    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    secret = made.json()["secret"]
    assert secret not in listed.text
    assert listed.json()["items"][0]["last_characters"] == secret[-4:]
    assert "authorization" in dict(passed_on.json()["headers"])
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:postroom:problem:shared/missing-scope")
    async with transaction_of_gateway(gateway_sessions) as session:
        row = await session.get_one(ApiTokenRow, UUID(made.json()["token"]["id"]))
        assert row.last_used_on == datetime.now(UTC).date()
        assert secret.encode() not in row.token_hash
        events = await session.scalars(select(OutboxRow.data).where(OutboxRow.organisation_id == anna.organisation_id))
        assert [event["token_id"] for event in events] == [made.json()["token"]["id"]]


async def test_a_token_needs_no_csrf_token_and_ignores_cookies(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    anna = await sign_in()
    made = await make(client, anna)

    answer = await client.post("/v1/people/x", headers=bearer(made), cookies=anna.cookies)

    assert answer.status_code == 200


async def test_a_token_acts_in_its_own_organisation_only(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    anna = await sign_in()
    made = await make(client, anna)

    other = await client.get(
        "/v1/people/x", headers={**bearer(made), "Postroom-Organisation": str(anna.other_organisation_id)}
    )
    elsewhere = await client.get(
        PATH, cookies=anna.cookies, headers={"Postroom-Organisation": str(anna.other_organisation_id)}
    )

    assert (other.status_code, other.json()["type"]) == (403, "urn:postroom:problem:gateway/not-a-member")
    assert elsewhere.json()["items"] == []


async def test_a_revoked_token_stops_at_once_and_a_foreign_one_is_not_there(
    client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    anna, other = await sign_in(), await sign_in()
    made = await make(client, anna)
    path = f"{PATH}/{made.json()['token']['id']}"
    assert (await client.get("/v1/people/x", headers=bearer(made))).status_code == 200

    foreign = await client.delete(path, cookies=other.cookies, headers=other.csrf)
    revoked = await client.delete(path, cookies=anna.cookies, headers=anna.csrf)
    again = await client.delete(path, cookies=anna.cookies, headers=anna.csrf)

    assert (foreign.status_code, revoked.status_code, again.status_code) == (404, 204, 404)
    answers = [await client.get("/v1/people/x", headers=bearer(made)) for _ in range(3)]
    assert answers[-1].status_code == 401


async def test_a_token_without_any_right_on_the_account_gives_itself_up_and_no_other(
    client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    anna = await sign_in()
    own, other = await make(client, anna), await make(client, anna)

    refused = await client.delete(f"{PATH}/{other.json()['token']['id']}", headers=bearer(own))
    revoked = await client.delete(f"{PATH}/{own.json()['token']['id']}", headers=bearer(own))

    assert (refused.status_code, refused.json()["type"]) == (403, "urn:postroom:problem:shared/missing-scope")
    assert revoked.status_code == 204
    assert (await client.post("/v1/people/x", headers=bearer(own))).status_code == 401
    assert (await client.post("/v1/people/x", headers=bearer(other))).status_code == 200


async def test_a_token_cannot_make_one_that_may_do_more(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    anna = await sign_in()
    made = await make(client, anna, "account.manage", "imports.read")

    same = await client.post(PATH, headers=bearer(made), json={"name": "x", "scopes": ["imports.read"]})
    more = await client.post(PATH, headers=bearer(made), json={"name": "x", "scopes": ["logs.read"]})

    assert same.status_code == 201
    assert (more.status_code, more.json()["scope"]) == (403, "logs.read")


async def test_a_token_is_no_session(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    anna = await sign_in()
    made = await make(client, anna, "account.manage")

    answers = [
        await client.get("/v1/session", headers=bearer(made)),
        await client.delete("/v1/session", headers=bearer(made)),
        await client.post(
            "/v1/session:switch-organisation",
            headers=bearer(made),
            json={"organisation_id": str(anna.other_organisation_id)},
        ),
    ]

    assert [answer.json()["type"] for answer in answers] == ["urn:postroom:problem:gateway/not-a-session"] * 3


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "x" * 81},
        {"name": "a\nb"},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"scopes": ["*"]},
        {"expires_at": 1_900_000_000},
        {"expires_at": "2030-01-01T00:00:00"},
        {"expires_at": "2020-01-01T00:00:00Z"},
        {"unknown": 1},
    ],
)
async def test_a_malformed_wish_is_a_422(client: httpx.AsyncClient, sign_in: SignIn, body: dict[str, Any]) -> None:
    answer = await make(client, await sign_in(), **body)

    assert answer.status_code == 422


async def test_a_token_expires(client: httpx.AsyncClient, sign_in: SignIn, gateway_sessions: Sessions) -> None:
    anna = await sign_in()
    made = await make(client, anna, expires_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    async with transaction_of_gateway(gateway_sessions) as session:
        row = await session.get_one(ApiTokenRow, UUID(made.json()["token"]["id"]))
        row.expires_at = datetime.now(UTC) - timedelta(seconds=1)

    assert (await client.get("/v1/people/x", headers=bearer(made))).status_code == 401


async def test_a_token_of_somebody_who_left_the_organisation_opens_nothing(
    client: httpx.AsyncClient, sign_in: SignIn, gateway_sessions: Sessions
) -> None:
    anna = await sign_in()
    made = await make(client, anna)
    async with transaction_of_gateway(gateway_sessions) as session:
        memberships = await session.scalars(
            select(MembershipCopy.id).where(
                MembershipCopy.person_id == anna.person_id, MembershipCopy.organisation_id == anna.organisation_id
            )
        )
        for each in memberships.all():
            await drop(session, Kind.MEMBERSHIP, each)

    assert (await client.get("/v1/people/x", headers=bearer(made))).status_code == 401


async def test_one_person_has_so_many_tokens_and_no_more(
    start_gateway: Callable[..., Awaitable[Any]], sign_in: SignIn
) -> None:
    gateway = await start_gateway(max_api_tokens=2)
    anna = await sign_in()

    async with gateway.client() as client:
        answers = [await make(client, anna) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 409]

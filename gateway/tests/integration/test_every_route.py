"""What holds for every route of the gateway's own, those to come too."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from postroom_shared.testkit.every_route import answers_of_every_route

OWN = ("/v1/session", "/v1/api-tokens")
OPTIONS: dict[str, Any] = {"document_path": "/openapi.json", "prefixes": OWN}

SignIn = Callable[..., Awaitable[Any]]


async def token_for(client: httpx.AsyncClient, person: Any, scope: str) -> dict[str, str]:
    """Return the header of a new API token of *person*."""
    made = await client.post(
        "/v1/api-tokens", json={"name": "T", "scopes": [scope]}, cookies=person.cookies, headers=person.csrf
    )
    return {"Authorization": f"Bearer {made.raise_for_status().json()['secret']}"}


async def test_every_route_asks_who_calls(client: httpx.AsyncClient) -> None:
    answers = await answers_of_every_route(client, {}, **OPTIONS)

    assert {route: status for route, status in answers.items() if status != 401} == {}


async def test_every_route_asks_for_its_scope(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    narrow = await token_for(client, await sign_in(), "logs.read")

    answers = await answers_of_every_route(client, narrow, **OPTIONS)

    assert {route: status for route, status in answers.items() if status != 403} == {}


async def test_nobody_sees_or_chooses_what_is_another_persons(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    anna, mallory = await sign_in(), await sign_in()

    mine, theirs = [
        {each["id"] for each in (await client.get("/v1/sessions", cookies=who.cookies)).json()["items"]}
        for who in (anna, mallory)
    ]
    choices = (await client.get("/v1/session", cookies=anna.cookies)).json()["organisations"]
    chosen = await client.post(
        "/v1/session:switch-organisation",
        json={"organisation_id": str(anna.organisation_id)},
        cookies=mallory.cookies,
        headers=mallory.csrf,
    )

    assert mine
    assert not mine & theirs
    assert str(anna.organisation_id) in {each["id"] for each in choices}
    assert chosen.status_code == 403


async def test_the_keys_that_verify_what_the_gateway_signs_are_public(client: httpx.AsyncClient) -> None:
    answer = await client.get("/.well-known/jwks.json")

    assert answer.json()["keys"]
    assert all("d" not in key for key in answer.json()["keys"])

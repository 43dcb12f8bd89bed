"""From a cookie or an API token to the internal token a service gets: who, in which organisation, for how long."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jws import JWSRegistry
from sqlalchemy import select

from postroom_gateway.person_rows import transaction_of_gateway
from postroom_shared.database import Sessions
from postroom_shared.identity import TokenVerifier, TrustedKeys
from postroom_shared.principal import PersonPrincipal, Role
from postroom_shared.projection.repository import drop, store
from postroom_shared.projection.states import Kind, MembershipState, PersonState
from postroom_shared.projection.tables import MembershipCopy
from postroom_shared.testkit.services import TestIdentity
from postroom_shared.values import Address, uuid7

SignIn = Callable[..., Awaitable[Any]]


def caller_seen_by(answer: httpx.Response, identity: TestIdentity) -> PersonPrincipal | None:
    """Return whom the service was told, verified as a service does."""
    fields = dict(answer.json()["headers"])
    if "authorization" not in fields:
        return None
    verifier = TokenVerifier("directory", TrustedKeys(identity.trusted_keys_file))
    principal = verifier.verify(fields["authorization"].removeprefix("Bearer "))
    assert isinstance(principal, PersonPrincipal)
    return principal


async def test_a_session_becomes_a_short_token_for_one_service(
    client: httpx.AsyncClient, sign_in: SignIn, identity: TestIdentity
) -> None:
    person = await sign_in(role=Role.OWNER)

    answer = await client.get("/v1/people/x", cookies=person.cookies)

    caller = caller_seen_by(answer, identity)
    assert caller is not None
    assert (caller.person_id, caller.organisation_id, caller.role) == (
        person.person_id,
        person.organisation_id,
        Role.OWNER,
    )
    assert caller.may("imports.manage")
    assert caller.session_id == person.issued.session.id
    token = dict(answer.json()["headers"])["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, identity.keys["gateway"], registry=JWSRegistry(algorithms=["Ed25519"])).claims
    assert claims["exp"] - claims["iat"] == 60
    assert claims["aud"] == "directory"
    assert "cookie" not in dict(answer.json()["headers"])
    assert answer.headers["cache-control"] == "no-store"


async def test_nobody_in_particular_goes_on_without_a_token(client: httpx.AsyncClient, identity: TestIdentity) -> None:
    for headers in ({}, {"Cookie": "postroom_session=unknown"}, {"Authorization": "Basic eDp5"}):
        assert caller_seen_by(await client.get("/v1/people/x", headers=headers), identity) is None


@pytest.mark.parametrize("secret", ["%%", "x", "postroom_" + "0" * 49, "eyJhbGciOiJFZDI1NTE5In0.e30.AA"])
async def test_a_bearer_token_that_is_none_of_ours_is_refused_at_the_door(
    client: httpx.AsyncClient, secret: str
) -> None:
    answer = await client.get("/v1/people/x", headers={"Authorization": f"Bearer {secret}"})

    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:postroom:problem:shared/invalid-token"
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_an_internal_token_from_outside_opens_nothing(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    person = await sign_in()
    seen = await client.get("/v1/people/x", cookies=person.cookies)
    internal = dict(seen.json()["headers"])["authorization"]

    answer = await client.get("/v1/people/x", headers={"Authorization": internal})

    assert answer.status_code == 401


async def test_a_request_may_name_another_organisation_of_the_person_and_no_foreign_one(
    client: httpx.AsyncClient, sign_in: SignIn, identity: TestIdentity
) -> None:
    person = await sign_in()

    other = await client.get(
        "/v1/people/x",
        cookies=person.cookies,
        headers={"Postroom-Organisation": str(person.other_organisation_id)},
    )
    foreign = await client.get("/v1/people/x", cookies=person.cookies, headers={"Postroom-Organisation": str(uuid7())})
    garbage = await client.get("/v1/people/x", cookies=person.cookies, headers={"Postroom-Organisation": "mine"})

    caller = caller_seen_by(other, identity)
    assert caller is not None
    assert (caller.organisation_id, caller.role) == (person.other_organisation_id, Role.GUEST)
    assert (foreign.status_code, foreign.json()["type"]) == (403, "urn:postroom:problem:gateway/not-a-member")
    assert garbage.status_code == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_change_by_cookie_needs_the_csrf_token_of_that_session(
    client: httpx.AsyncClient, sign_in: SignIn, method: str
) -> None:
    person, other = await sign_in(), await sign_in()

    async def status(headers: dict[str, str]) -> int:
        answer = await client.request(method, "/v1/people/x", cookies=person.cookies, headers=headers)
        return answer.status_code

    assert await status({}) == 403
    assert await status(other.csrf) == 403
    assert await status(person.csrf) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_page_elsewhere_changes_nothing_even_with_the_csrf_token(
    client: httpx.AsyncClient, sign_in: SignIn, headers: dict[str, str]
) -> None:
    person = await sign_in()

    answer = await client.post("/v1/people/x", cookies=person.cookies, headers={**person.csrf, **headers})

    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:postroom:problem:gateway/foreign-origin"


async def test_our_own_page_may_change_things(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    person = await sign_in()
    origin = str(client.base_url).rstrip("/")

    answer = await client.post(
        "/v1/people/x",
        cookies=person.cookies,
        headers={**person.csrf, "Origin": origin, "Sec-Fetch-Site": "same-origin"},
    )

    assert answer.status_code == 200


async def until_status(client: httpx.AsyncClient, person: Any, wanted: Callable[[httpx.Response], bool]) -> None:
    """Ask until the answer is as wanted; notifications take milliseconds, the memory would last half a minute."""
    async with asyncio.timeout(2):
        while not wanted(await client.get("/v1/people/x", cookies=person.cookies)):
            await asyncio.sleep(0.01)


async def test_a_change_of_role_counts_at_once(
    client: httpx.AsyncClient, sign_in: SignIn, identity: TestIdentity, gateway_sessions: Sessions
) -> None:
    person = await sign_in(role=Role.OWNER)
    await client.get("/v1/people/x", cookies=person.cookies)

    async with transaction_of_gateway(gateway_sessions) as session:
        row = await session.scalar(
            select(MembershipCopy).where(
                MembershipCopy.person_id == person.person_id, MembershipCopy.organisation_id == person.organisation_id
            )
        )
        assert row is not None
        changed = MembershipState(
            id=row.id, version=2, organisation_id=row.organisation_id, person_id=row.person_id, role=Role.GUEST
        )
        await store(session, Kind.MEMBERSHIP, [changed])

    def is_guest(answer: httpx.Response) -> bool:
        caller = caller_seen_by(answer, identity)
        return caller is not None and caller.role == Role.GUEST

    await until_status(client, person, is_guest)


@pytest.mark.parametrize("change", [{"enabled": False}, {"credential_version": 2}, None])
async def test_a_person_who_is_disabled_gone_or_has_a_new_password_is_signed_out_at_once(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    identity: TestIdentity,
    gateway_sessions: Sessions,
    change: dict[str, Any] | None,
) -> None:
    person = await sign_in()
    assert caller_seen_by(await client.get("/v1/people/x", cookies=person.cookies), identity)

    async with transaction_of_gateway(gateway_sessions) as session:
        if change is None:
            await drop(session, Kind.PERSON, person.person_id)
        else:
            values: dict[str, Any] = {
                "id": person.person_id,
                "version": 2,
                "email": Address("anna@example.com"),
                "display_name": "Anna",
                "language": "fr",
                "enabled": True,
                "operator": False,
                "credential_version": 1,
            }
            await store(session, Kind.PERSON, [PersonState(**values | change)])

    await until_status(client, person, lambda answer: caller_seen_by(answer, identity) is None)


async def test_a_person_who_asks_too_often_is_told_so_wherever_they_are(
    start_gateway: Callable[..., Awaitable[Any]], peer: Any, sign_in: SignIn
) -> None:
    gateway = await start_gateway(upstreams={"directory": peer.url}, rate_per_person=1, burst_per_person=3)
    person = await sign_in()

    async with gateway.client(cookies=person.cookies) as client:
        answers = [await client.get("/v1/people/x") for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200] * 3 + [429] * 2
    assert answers[0].headers["ratelimit-limit"] == "3"

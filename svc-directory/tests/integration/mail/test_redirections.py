from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from postroom_shared.database import bind_organisation
from postroom_shared.principal import AddressRight, Role, SystemPrincipal


def problem(answer: Any) -> tuple[int, str]:
    """Return status and the last word of the type."""
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


async def redirect(directory: Any, estate: Any, address: Any, target: str = "anna@example.net") -> Any:
    path = f"/v1/addresses/{address['id']}/redirections"
    return await directory.made("POST", path, estate.house.owner, body={"target": target})


async def issue(directory: Any, redirection: Any) -> Any:
    """Ask for a token as the service that writes the mail does."""
    service = directory.service
    path = f"/internal/v1/redirections/{redirection['id']}:issue-token"
    return await service.client.post(path, headers=service.as_service("templates"))


async def confirm(directory: Any, token: str) -> Any:
    return await directory.ask("POST", "/v1/redirections:confirm", None, body={"token": token})


async def test_a_redirection_waits_until_its_reader_agrees(directory: Any, estate: Any) -> None:
    anna = await estate.address()
    member = await estate.grant(Role.MEMBER, anna, AddressRight.REDIRECTIONS_MANAGE)
    path = f"/v1/addresses/{anna['id']}/redirections"

    answer = await directory.ask("POST", path, member, body={"target": "Anna@Example.NET", "keep_copy": False})

    assert answer.status_code == 201
    made = answer.json()
    assert (made["target"], made["keep_copy"], made["state"]) == ("anna@example.net", False, "unconfirmed")
    told = {"id": made["id"], "version": 1, "address_id": anna["id"]}
    assert await directory.events(made["id"]) == [("redirection.created.v1", told)]
    issued = (await issue(directory, made)).json()
    assert (issued["target"], issued["address"], issued["language"]) == (made["target"], anna["address"], "fr")
    confirmed = await confirm(directory, issued["token"])
    assert (confirmed.status_code, confirmed.json()) == (200, {"target": "anna@example.net", "state": "confirmed"})
    read = await directory.ask("GET", answer.headers["location"], member)
    assert (read.json()["state"], read.headers["etag"]) == ("confirmed", '"2"')
    assert (await directory.events(made["id"]))[-1] == ("redirection.changed.v1", told | {"version": 2})


async def test_a_token_works_once_and_only_the_newest_does(directory: Any, estate: Any) -> None:
    made = await redirect(directory, estate, await estate.address())
    first, second = [(await issue(directory, made)).json()["token"] for _ in range(2)]

    assert problem(await confirm(directory, first)) == (404, "token-invalid")
    assert (await confirm(directory, second)).status_code == 200
    assert problem(await confirm(directory, second)) == (404, "token-invalid")
    assert problem(await confirm(directory, "x" * 43)) == (404, "token-invalid")
    assert problem(await issue(directory, made)) == (409, "already-confirmed")


async def test_a_token_runs_out(directory: Any, estate: Any) -> None:
    made = await redirect(directory, estate, await estate.address())
    token = (await issue(directory, made)).json()["token"]
    async with directory.service.runtime.sessions() as session, session.begin():
        await bind_organisation(session, SystemPrincipal())
        older = "update redirection set token_expires_at = :then where id = :id"
        await session.execute(text(older), {"then": datetime.now(UTC) - timedelta(seconds=1), "id": made["id"]})

    assert problem(await confirm(directory, token)) == (404, "token-invalid")


async def test_the_token_is_stored_nowhere(directory: Any, estate: Any) -> None:
    made = await redirect(directory, estate, await estate.address())
    token = (await issue(directory, made)).json()["token"]

    async with directory.service.runtime.sessions() as session, session.begin():
        await bind_organisation(session, SystemPrincipal())
        row = await session.scalar(text("select redirection::text from redirection where id = :id"), {"id": made["id"]})
        outbox = await session.scalar(text("select string_agg(data::text, '') from outbox"))

    assert token not in row
    assert token not in outbox
    assert made["target"] not in outbox


async def test_a_redirection_that_is_gone_cannot_be_agreed_to(directory: Any, estate: Any) -> None:
    anna = await estate.address()
    made = await redirect(directory, estate, anna)
    token = (await issue(directory, made)).json()["token"]
    path = f"/v1/addresses/{anna['id']}/redirections/{made['id']}"

    assert (await directory.ask("DELETE", path, estate.house.owner)).status_code == 428
    assert (await directory.ask("DELETE", path, estate.house.owner, version=3)).status_code == 412
    assert (await directory.ask("DELETE", path, estate.house.owner, version=1)).status_code == 204

    assert problem(await confirm(directory, token)) == (404, "token-invalid")
    assert problem(await issue(directory, made)) == (404, "redirection-not-found")
    assert problem(await directory.ask("GET", path, estate.house.owner)) == (404, "redirection-not-found")
    assert (await directory.events(made["id"]))[-1][0] == "redirection.deleted.v1"


async def test_an_address_is_not_redirected_to_itself(directory: Any, estate: Any) -> None:
    anna = await estate.address("anna")
    alias = await estate.alias(anna, f"office@{estate.domain}")
    twin = await estate.further_domain(alias_of=estate.domain)

    for target in (anna["address"], alias["alias"], f"anna@{twin['name']}", f"office@{twin['name']}"):
        answer = await directory.ask(
            "POST", f"/v1/addresses/{anna['id']}/redirections", estate.house.owner, body={"target": target}
        )
        assert problem(answer) == (409, "redirection-loop")


async def test_a_target_is_named_once_and_there_are_at_most_twenty(directory: Any, estate: Any) -> None:
    anna = await estate.address()
    path, owner = f"/v1/addresses/{anna['id']}/redirections", estate.house.owner
    for number in range(20):
        await redirect(directory, estate, anna, f"n{number}@example.net")
    full = await directory.ask("POST", path, owner, body={"target": "more@example.net"})
    assert problem(full) == (409, "too-many-redirections")
    first = (await directory.made("GET", f"{path}?limit=1", owner))["items"][0]
    await directory.made("DELETE", f"{path}/{first['id']}", owner, version=1)

    again = await directory.ask("POST", path, owner, body={"target": "n7@example.net"})

    assert problem(again) == (409, "redirection-exists")


async def test_a_redirection_is_found_below_its_own_address_only(directory: Any, estate: Any) -> None:
    anna, bert = await estate.address(), await estate.address()
    made = await redirect(directory, estate, anna)

    answer = await directory.ask("GET", f"/v1/addresses/{bert['id']}/redirections/{made['id']}", estate.house.owner)

    assert problem(answer) == (404, "redirection-not-found")


async def test_redirections_are_listed_by_target(directory: Any, estate: Any) -> None:
    anna = await estate.address()
    for local in ("c", "a", "b"):
        await redirect(directory, estate, anna, f"{local}@example.net")
    path = f"/v1/addresses/{anna['id']}/redirections"

    first = await directory.made("GET", f"{path}?limit=2", estate.house.owner)
    rest = await directory.made("GET", f"{path}?limit=2&cursor={first['next']}", estate.house.owner)

    assert [each["target"][0] for each in first["items"] + rest["items"]] == ["a", "b", "c"]
    assert rest["next"] is None


async def test_bad_input_is_refused(directory: Any, estate: Any) -> None:
    anna = await estate.address()
    path = f"/v1/addresses/{anna['id']}/redirections"

    for body in ({}, {"target": "nobody"}, {"target": "a@example.net", "keep_copy": "no"}, {"target": None}):
        assert problem(await directory.ask("POST", path, estate.house.owner, body=body)) == (422, "payload")
    assert problem(await confirm(directory, "short")) == (422, "payload")
    assert problem(await issue(directory, {"id": uuid4()})) == (404, "redirection-not-found")

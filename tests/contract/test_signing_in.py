"""The gateway and svc-directory together: who is let in, and how soon a change in the directory counts at the door."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from postroom_directory.manifest import MANIFEST as DIRECTORY
from postroom_gateway.manifest import MANIFEST as GATEWAY
from postroom_shared.localservers.ports import free_port
from postroom_shared.testkit import TestNats, TestPostgres
from postroom_shared.testkit.nats import running_nats
from postroom_shared.testkit.processes import StartService, services_as_processes
from postroom_shared.testkit.route_ledger import Asker, ledger_hooks
from postroom_shared.testkit.services import TestIdentity

OWNER, OPERATOR = "owner@example.com", "operator@example.com"
PASSWORD = "correct horse battery staple"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def nats_server(servers_folder: Path) -> AsyncIterator[TestNats]:
    """A NATS of this file's own: what another test left unacknowledged would hold these services' events up."""
    async with running_nats(servers_folder / "nats-signing-in") as server:
        yield server


@dataclass(frozen=True)
class Suite:
    """A gateway with a directory behind it."""

    url: str
    directory: Any

    def client(self) -> httpx.AsyncClient:
        """Return a browser without any cookie."""
        hooks = ledger_hooks("gateway", who=lambda _: Asker())
        return httpx.AsyncClient(base_url=self.url, timeout=30, trust_env=False, event_hooks=hooks)


async def bootstrap(start: StartService, port: int) -> dict[str, Any]:
    """Make the first operator and the first organisation; return the password links."""
    arguments = ("--organisation", "Example SA", "--owner-email", OWNER, "--operator-email", OPERATOR, "--json")
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", DIRECTORY.package, "bootstrap", *arguments],
        env=start.environment(DIRECTORY, port=port),
        capture_output=True,
        text=True,
        check=True,
    )
    links: dict[str, Any] = json.loads(done.stdout)
    return links


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def suite(postgres: TestPostgres, nats_server: TestNats, servers_folder: Path) -> AsyncIterator[Suite]:
    keys = servers_folder / "contract-keys"
    keys.mkdir(exist_ok=True)
    identity = TestIdentity(keys, DIRECTORY.name)
    async with postgres.database([DIRECTORY, GATEWAY]) as database:
        folder = servers_folder / "contract"
        folder.mkdir(exist_ok=True)
        async with services_as_processes(folder, database=database, nats=nats_server, identity=identity) as start:
            port, directory_port = free_port(), free_port()
            links = await bootstrap(start, directory_port)
            directory = await start(DIRECTORY, port=directory_port)
            public_url = f"http://127.0.0.1:{port}"
            gateway = await start(
                GATEWAY,
                port=port,
                directory_url=directory.url,
                upstreams={DIRECTORY.name: directory.url},
                public_url=public_url,
                sign_in_failures_burst=3,
            )
            suite = Suite(gateway.url, directory)
            async with suite.client() as client:
                for email in (OWNER, OPERATOR):
                    body = {"token": links[email]["token"], "new_password": PASSWORD}
                    answer = await client.post("/v1/people:set-password", json=body)
                    assert answer.status_code == 204, answer.text
            yield suite


async def sign_in(client: httpx.AsyncClient, email: str = OWNER, password: str = PASSWORD) -> httpx.Response:
    """Sign in, again while a 503 says when; later changes of *client* carry the CSRF token."""
    body = {"email": email, "password": password}
    answer = await client.post("/v1/session", json=body)
    async with asyncio.timeout(120):
        while answer.status_code == 503:
            await asyncio.sleep(int(answer.headers["retry-after"]))
            answer = await client.post("/v1/session", json=body)
    if answer.is_success:
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
    return answer


async def invited(client: httpx.AsyncClient, session: Any, email: str, role: str) -> Any:
    """Let the owner invite somebody, who sets a password and accepts."""
    body = {
        "email": email,
        "display_name": "Somebody",
        "language": "fr",
        "role": role,
        "organisation_id": session["organisation_id"],
    }
    answer = await client.post("/v1/people", json=body)
    assert answer.is_success, answer.text
    made = answer.json()
    link = {"token": made["password_link"]["token"], "new_password": PASSWORD}
    assert (await client.post("/v1/people:set-password", json=link)).status_code == 204
    return made


async def until(probe: Callable[[], Any], *, timeout_s: float = 30) -> None:
    async with asyncio.timeout(timeout_s):
        while not await probe():
            await asyncio.sleep(0.02)


async def test_a_person_signs_in_and_asks_the_directory(suite: Suite) -> None:
    async with suite.client() as client:
        signed_in = await sign_in(client)
        me = await client.get("/v1/me")

    session = signed_in.json()
    assert signed_in.status_code == 201
    assert [(each["name"], each["role"]) for each in session["organisations"]] == [("Example SA", "owner")]
    assert session["organisation_id"] == session["organisations"][0]["id"]
    assert me.status_code == 200
    assert OWNER in me.text
    assert "set-cookie" not in me.headers


@pytest.mark.parametrize(("email", "password"), [("nobody@example.com", PASSWORD), (OPERATOR, "wrong password")])
async def test_who_cannot_sign_in_is_not_told_why(suite: Suite, email: str, password: str) -> None:
    async with suite.client() as client:
        answer = await sign_in(client, email, password)

    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:postroom:problem:gateway/wrong-credentials"
    assert "set-cookie" not in answer.headers


async def test_guessing_passwords_is_stopped(suite: Suite) -> None:
    async with suite.client() as client:
        answers = [await sign_in(client, "victim@example.com", f"guess {number}") for number in range(5)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
    assert answers[-1].json()["type"] == "urn:postroom:problem:gateway/too-many-sign-ins"
    assert int(answers[-1].headers["retry-after"]) >= 1


async def test_a_role_that_changes_and_a_person_who_is_deleted_count_at_once(suite: Suite) -> None:
    async with suite.client() as owner, suite.client() as browser:
        session = (await sign_in(owner)).json()
        person = await invited(owner, session, "temp@example.com", "administrator")
        accepted = await sign_in(browser, "temp@example.com")
        assert accepted.status_code == 201
        membership = person["membership"]["id"]
        await browser.post(f"/v1/memberships/{membership}:accept")
        await until(lambda: _role_is(browser, "administrator"))

        current = await owner.get(f"/v1/memberships/{membership}")
        changed = await owner.patch(
            f"/v1/memberships/{membership}", json={"role": "guest"}, headers={"If-Match": current.headers["etag"]}
        )
        assert changed.is_success, changed.text
        await until(lambda: _role_is(browser, "guest"))

        described = await owner.get(f"/v1/memberships/{membership}")
        ended = await owner.delete(f"/v1/memberships/{membership}", headers={"If-Match": described.headers["etag"]})
        assert ended.is_success, ended.text
        await until(lambda: _role_is(browser, None))


async def _role_is(browser: httpx.AsyncClient, role: str | None) -> bool:
    answer = await browser.get("/v1/session")
    if answer.status_code == 401:
        return role is None
    return [each["role"] for each in answer.json()["organisations"]] == ([role] if role else [])


async def test_a_new_password_ends_every_session_of_the_person(suite: Suite) -> None:
    async with suite.client() as owner, suite.client() as first, suite.client() as second:
        session = (await sign_in(owner)).json()
        person = await invited(owner, session, "changes@example.com", "member")
        assert (await sign_in(first, "changes@example.com")).status_code == 201
        assert (await sign_in(second, "changes@example.com")).status_code == 201

        changed = await first.post(
            f"/v1/people/{person['person_id']}:change-password",
            json={"present_password": PASSWORD, "new_password": f"{PASSWORD} 2"},
        )

        assert changed.is_success, changed.text
        await until(lambda: _are_signed_out(first, second))
        assert (await sign_in(first, "changes@example.com", f"{PASSWORD} 2")).status_code == 201


async def _are_signed_out(*browsers: httpx.AsyncClient) -> bool:
    answers = [await browser.get("/v1/session") for browser in browsers]
    return all(answer.status_code == 401 for answer in answers)


async def test_sessions_go_on_while_the_directory_is_away_and_signing_in_says_so(suite: Suite) -> None:
    async with suite.client() as client, suite.client() as newcomer:
        await sign_in(client)
        await suite.directory.process.stop()
        try:
            session = await client.get("/v1/session")
            refused = await newcomer.post("/v1/session", json={"email": OWNER, "password": PASSWORD})
            away = await client.get("/v1/me")
        finally:
            await suite.directory.process.start()

        async def back() -> bool:
            return (await client.get("/v1/me")).status_code == 200

        await until(back, timeout_s=60)

    assert session.status_code == 200
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:postroom:problem:gateway/sign-in-unavailable")
    assert (away.status_code, away.json()["type"]) == (503, "urn:postroom:problem:gateway/service-down")


async def test_the_document_holds_both_services(suite: Suite) -> None:
    async with suite.client() as client:

        async def complete() -> bool:
            paths = (await client.get("/openapi.json")).json()["paths"]
            return {"/v1/session", "/v1/people", "/v1/addresses"} <= set(paths)

        await until(complete)

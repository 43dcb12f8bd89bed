"""Asking for copies: who may, what is refused before anything starts, what happens twice."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from postroom_import.testkit.office import Office
from postroom_import.testkit.silent_peers import answering_peer
from postroom_shared.database import bind_organisation
from postroom_shared.principal import Scope, SystemPrincipal
from postroom_shared.testkit import MAILBOX_PASSWORD
from postroom_shared.testkit.services import somebody

PROBLEM = "urn:postroom:problem:"
READING = [("GET", "/v1/imports"), ("GET", "/v1/imports/{id}"), ("GET", "/v1/imports/{id}/events")]
CHANGING = [
    ("POST", "/v1/imports"),
    ("POST", "/v1/imports/{id}:pause"),
    ("POST", "/v1/imports/{id}:resume"),
    ("POST", "/v1/imports/{id}:cancel"),
]


async def send(office: Office, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
    body = office.new_copy() if (method, path) == ("POST", "/v1/imports") else None
    answer = await office.api.client.request(method, path, json=body, headers=headers)
    return answer.status_code, answer.json().get("type", "").removeprefix(PROBLEM)


async def test_every_route_knows_who_may_call_it(office: Office) -> None:
    copy_id = await office.request()
    alien = replace(office.stranger, scopes=frozenset({"*"}))

    for method, pattern in READING + CHANGING:
        path = pattern.format(id=copy_id)
        needed = Scope.IMPORTS_READ if method == "GET" else Scope.IMPORTS_MANAGE
        other_scope = Scope.IMPORTS_MANAGE if method == "GET" else Scope.IMPORTS_READ
        unscoped = replace(office.member, scopes=frozenset({str(other_scope)}))

        assert await send(office, method, path, {}) == (401, "shared/unauthenticated"), path
        assert await send(office, method, path, office.api.as_person(unscoped)) == (403, "shared/missing-scope"), needed
        assert await send(office, method, path, office.api.as_person(somebody(None))) == (403, "shared/no-organisation")
        assert await send(office, method, path, office.api.as_service("directory")) == (403, "shared/forbidden"), path
        if "{id}" in pattern:
            for caller in (alien, office.other_member):
                assert await send(office, method, path, office.api.as_person(caller)) == (404, "import/copy-not-found")
    assert await send(office, "POST", "/v1/imports", office.api.as_person(alien)) == (404, "import/target-not-attached")


async def test_who_manages_the_organisation_sees_all_its_copies_and_others_their_own(office: Office) -> None:
    copy_id = await office.request()

    for caller, seen in ((office.member, 1), (office.owner, 1), (office.other_member, 0), (office.stranger, 0)):
        items = (await office.get("/v1/imports", caller=caller)).json()["items"]
        assert [item["id"] for item in items] == [copy_id] * seen
    assert (await office.post(f"/v1/imports/{copy_id}:pause", caller=office.owner)).json()["state"] == "paused"


async def test_a_request_is_accepted_with_the_place_where_it_can_be_watched(office: Office) -> None:
    answer = await office.post("/v1/imports", office.new_copy())

    copy = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/imports/{copy['id']}"
    assert copy["state"] == "queued"
    assert copy["target"] == {"address_id": str(office.target.id), "address": office.target.address}
    assert copy["sources"] == [{"kind": "local", "login": office.source, "host": None, "port": None, "tls": None}]
    assert MAILBOX_PASSWORD not in (await office.get(answer.headers["location"])).text


async def test_passwords_are_sealed_in_the_database_and_erased_at_the_end(office: Office) -> None:
    copy_id = await office.request()

    sealed = await sealed_passwords(office)
    assert len(sealed) == 1
    assert MAILBOX_PASSWORD.encode() not in sealed[0]
    await office.post(f"/v1/imports/{copy_id}:cancel")
    assert await sealed_passwords(office) == []


async def sealed_passwords(office: Office) -> list[bytes]:
    async with office.api.runtime.sessions() as session, session.begin():
        await bind_organisation(session, SystemPrincipal())
        found = await session.scalars(
            text("select sealed_password from import_source where sealed_password is not null")
        )
        return list(found)


def local(address: str, password: str = MAILBOX_PASSWORD) -> dict[str, Any]:
    return {"kind": "local", "address": address, "password": password}


def external(host: str, port: int, login: str = "anna@example.org", tls: str = "implicit") -> dict[str, Any]:
    return {"kind": "external", "host": host, "port": port, "tls": tls, "login": login, "password": "secret"}


async def refusal(office: Office, **changes: Any) -> str:
    """Ask for a copy, see that nothing began, and return the slug of the problem."""
    answer = await office.post("/v1/imports", office.new_copy(**changes))
    assert answer.status_code >= 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await office.get("/v1/imports")).json()["items"] == []
    return str(answer.json()["type"]).removeprefix(PROBLEM)


async def test_a_mailbox_is_not_copied_onto_itself_however_it_is_named(office: Office) -> None:
    address = office.target.address
    await office.directory.alias(office.target, "other.name@example.test")
    await office.directory.known()
    by_alias_domain = f"{address.local_part}@alias.test"
    server = office.target_server

    assert await refusal(office, source=local(address)) == "import/same-mailbox"
    assert await refusal(office, source=local(address.upper())) == "import/same-mailbox"
    assert await refusal(office, source=local("other.name@example.test")) == "import/same-mailbox"
    assert await refusal(office, source=local("other.name@alias.test")) == "import/same-mailbox"
    assert await refusal(office, source=local(by_alias_domain)) == "import/same-mailbox"
    assert await refusal(office, second_source=local(office.source)) == "import/same-mailbox"
    assert await refusal(office, second_source=local(address)) == "import/same-mailbox"
    assert await refusal(office, source=external(server.host, server.ports.imap, address)) == "import/same-mailbox"


async def test_the_target_is_an_address_attached_to_the_person(office: Office) -> None:
    other = await office.directory.address(office.organisation_id, office.target.mail_service_id, "other@example.test")
    await office.directory.known()

    assert await refusal(office, target_address_id=str(other)) == "import/target-not-attached"
    assert await refusal(office, target_address_id=str(uuid4())) == "import/target-not-attached"


async def test_a_target_that_is_switched_off_is_refused(office: Office) -> None:
    service_id = office.target.mail_service_id
    off = await office.directory.address(office.organisation_id, service_id, "off@example.test", enabled=False)
    await office.directory.attach(off, office.member)
    await office.directory.known()

    assert await refusal(office, target_address_id=str(off)) == "import/target-disabled"


async def test_a_wrong_password_is_refused_before_anything_starts(office: Office) -> None:
    assert await refusal(office, source=local(office.source, "wrong")) == "import/wrong-password"
    assert await refusal(office, second_source=local(office.second_source, "wrong")) == "import/wrong-password"


async def test_an_address_of_somebody_elses_mail_server_is_no_local_source(office: Office) -> None:
    assert await refusal(office, source=local("anna@example.org")) == "import/not-local"


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("127.0.0.1", 993),
        ("localhost", 993),
        ("10.0.0.1", 993),
        ("192.168.1.1", 143),
        ("169.254.169.254", 993),
        ("[::1]", 993),
        ("imap.internal", 993),
        ("mail.example.org", 22),
        ("does-not-exist.invalid", 993),
    ],
)
async def test_hosts_of_private_networks_and_other_ports_are_refused(office: Office, host: str, port: int) -> None:
    assert await refusal(office, source=external(host, port)) == "shared/host-refused"


async def test_what_is_no_imap_server_is_named_so(office: Office) -> None:
    async with answering_peer(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        await office.directory.known_place("127.0.0.1", port)
        await office.directory.known()
        assert await refusal(office, source=external("127.0.0.1", port, tls="starttls")) == "import/not-imap"


async def test_a_connection_that_cannot_be_encrypted_is_named_so(office: Office) -> None:
    greeting = b"* OK IMAP4rev1 ready\r\n"
    async with answering_peer(greeting, then=b"P1 BAD no\r\n") as port:
        await office.directory.known_place("127.0.0.1", port)
        await office.directory.known()
        assert await refusal(office, source=external("127.0.0.1", port)) == "import/encryption-failed"
        assert await refusal(office, source=external("127.0.0.1", port, tls="starttls")) == "import/encryption-failed"


async def test_a_host_that_does_not_answer_is_named_so(office: Office) -> None:
    async with answering_peer(b"") as port:
        pass
    await office.directory.known_place("127.0.0.1", port)
    await office.directory.known()

    assert await refusal(office, source=external("127.0.0.1", port)) == "shared/host-unreachable"


async def test_a_target_that_cannot_be_opened_is_named_so(office: Office) -> None:
    await office.directory.withdraw_master_logins()

    assert await refusal(office) == "import/target-unavailable"


async def test_the_same_copy_is_not_begun_twice_at_the_same_time(office: Office) -> None:
    copy_id = await office.request()

    again = await office.post("/v1/imports", office.new_copy())

    assert (again.status_code, again.json()["type"]) == (409, PROBLEM + "import/already-running")
    await office.post(f"/v1/imports/{copy_id}:cancel")
    assert (await office.post("/v1/imports", office.new_copy())).status_code == 202


async def test_a_repeated_request_gets_the_first_answer(office: Office) -> None:
    headers = office.api.as_person(office.member) | {"Idempotency-Key": "k1"}
    first = await office.api.client.post("/v1/imports", json=office.new_copy(), headers=headers)
    second = await office.api.client.post("/v1/imports", json=office.new_copy(), headers=headers)

    assert (second.status_code, second.json()) == (first.status_code, first.json())
    assert second.headers["location"] == first.headers["location"]
    assert len((await office.get("/v1/imports")).json()["items"]) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"colour": "red"},
        {"source": {"kind": "pop3"}},
        {"source": {"kind": "local", "address": "no address", "password": "x"}},
        {
            "source": {
                "kind": "external",
                "host": "a.example",
                "port": 0,
                "tls": "implicit",
                "login": "a",
                "password": "b",
            }
        },
        {"source": {"kind": "external", "host": "a.example", "tls": "none", "login": "a", "password": "b"}},
        {"target_address_id": "x"},
        {"options": {"include": ["a\r\nb"]}},
    ],
)
async def test_a_malformed_request_is_refused_field_by_field(office: Office, change: dict[str, Any]) -> None:
    answer = await office.post("/v1/imports", office.new_copy(**change))

    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_the_list_is_paged_newest_first_and_filtered_by_state(office: Office) -> None:
    ids = []
    for _ in range(3):
        ids.append(await office.request())
        await office.post(f"/v1/imports/{ids[-1]}:cancel")
    ids.append(await office.request())

    first = (await office.get("/v1/imports?limit=3")).json()
    rest = (await office.get(f"/v1/imports?limit=3&cursor={first['next']}")).json()
    queued = (await office.get("/v1/imports?state=queued&state=running")).json()["items"]

    assert [item["id"] for item in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next"] is None
    assert [item["id"] for item in queued] == [ids[-1]]
    assert (await office.get("/v1/imports?cursor=x")).json()["type"] == PROBLEM + "shared/bad-cursor"
    assert (await office.get("/v1/imports?stat=queued")).status_code == 422


async def test_an_organisation_cannot_try_out_hosts_without_end(office: Office) -> None:
    answers = await asyncio.gather(
        *(office.post("/v1/imports", office.new_copy(source=local(office.source, f"wrong {n}"))) for n in range(8))
    )

    problems = {answer.json()["type"].removeprefix(PROBLEM) for answer in answers}
    assert problems == {"import/wrong-password", "shared/rate-limited"}
    assert all(a.headers["retry-after"] for a in answers if a.status_code == 429)


async def lines(stream: AsyncIterator[str]) -> list[str]:
    return [line async for line in stream]


async def test_whoever_watches_gets_the_present_state_first_and_done_last(office: Office) -> None:
    copy_id = await office.request()
    watching = office.api.client.stream(
        "GET", f"/v1/imports/{copy_id}/events", headers=office.api.as_person(office.member)
    )

    async with office.worker(), watching as answer:
        received = await asyncio.wait_for(lines(answer.aiter_lines()), 30)

    names = [line.removeprefix("event: ") for line in received if line.startswith("event: ")]
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert names[0] == "progress"
    assert names[-1] == "done"
    assert any('"state":"completed"' in line.replace(" ", "") for line in received)

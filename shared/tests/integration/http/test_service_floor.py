"""The floor as every service stands on it: one small service on real PostgreSQL and NATS."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import asyncpg
import pytest
from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict
from pydantic_settings import SettingsConfigDict
from sqlalchemy import text

from postroom_shared.errors import ConflictError
from postroom_shared.http.dependencies import Session
from postroom_shared.http.identity import operator, person, service_caller
from postroom_shared.http.pages import Page, Paging
from postroom_shared.http.problem import problem_responses
from postroom_shared.manifest import ServiceManifest
from postroom_shared.principal import PersonPrincipal, ServicePrincipal
from postroom_shared.service import ServiceDefinition
from postroom_shared.settings import ServiceSettings
from postroom_shared.testkit import TestDatabase, TestNats
from postroom_shared.testkit.services import RunningService, TestIdentity, running_service, somebody
from postroom_shared.values import uuid7

MANIFEST = ServiceManifest(name="notes", package="postroom_notes", port_offset=19)
router = APIRouter(prefix="/v1/notes", tags=["notes"])


class NotesSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="POSTROOM_NOTES_")


class NewNote(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    text: str


class NoteClashError(ConflictError):
    slug = "notes/clash"
    title = "There is such a note"


Writer = Annotated[PersonPrincipal, Depends(person("notes.write"))]


@router.post("", status_code=201, responses=problem_responses(NoteClashError))
async def write_note(note: NewNote, session: Session, caller: Writer) -> dict[str, str]:
    if note.text == "clash":
        raise NoteClashError("Write something else.")
    await session.execute(
        text("insert into note values (:id, :organisation, :text)"),
        {"id": uuid7(), "organisation": caller.organisation_id, "text": note.text},
    )
    return {"text": note.text, "id": str(uuid7())}


@router.get("")
async def list_notes(paging: Paging, session: Session, _: Writer) -> Page[str]:
    rows = await session.scalars(text("select text from note order by id"))  # no filter: the second wall must hold
    return Page(items=list(rows)[: paging.limit], next=None)


@router.get("/bug")
async def meet_bug(_: Writer) -> None:
    raise RuntimeError("secret detail")


@router.post("/late-failure", status_code=201)
async def fail_at_commit(session: Session, _: Writer) -> dict[str, str]:
    await session.execute(text("insert into late values (1), (1)"))
    return {"status": "stored"}


@router.delete("/{note_id}")
async def delete_note(note_id: str, _: Writer) -> str:
    return note_id


@router.post("/{note_id}:read")
async def read_note(note_id: str, _: Writer) -> str:
    return note_id


@router.post("/of-nobody")
async def write_for_nobody(_: Session, _caller: Annotated[PersonPrincipal, Depends(operator("notes.write"))]) -> str:
    return str(uuid7())


@router.get("/internal")
async def ask_internally(caller: Annotated[ServicePrincipal, Depends(service_caller("directory"))]) -> str:
    return caller.name


NOTES = ServiceDefinition(manifest=MANIFEST, settings_type=NotesSettings, title="Notes", routers=[router])


@pytest.fixture(scope="session")
def database_manifests() -> tuple[ServiceManifest, ...]:
    return (MANIFEST,)


@pytest.fixture
async def notes(database: TestDatabase, nats_server: TestNats, tmp_path: Path) -> AsyncIterator[RunningService]:
    identity = TestIdentity(tmp_path, "notes", "directory", "import")
    async with running_service(NOTES, database=database, nats=nats_server, identity=identity) as service:
        async with service.runtime.engine.begin() as connection:
            for statement in (
                "create table note (id uuid primary key, organisation_id uuid not null, text text not null)",
                "create table late (id int, unique (id) deferrable initially deferred)",
                "alter table note enable row level security",
                "alter table note force row level security",
                "create policy organisation on note using (postroom_visible(organisation_id))",
            ):
                await connection.execute(text(statement))
        yield service


async def test_every_answer_outside_2xx_is_a_problem_with_a_stable_type(notes: RunningService):
    anna = notes.as_person(somebody())
    post = notes.client.post

    answers = {
        "shared/unauthenticated": await post("/v1/notes", json={"text": "a"}),
        "shared/invalid-token": await post("/v1/notes", json={"text": "a"}, headers={"Authorization": "Bearer x"}),
        "shared/missing-scope": await post(
            "/v1/notes", json={"text": "a"}, headers=notes.as_person(somebody(scopes=frozenset({"imports.read"})))
        ),
        "shared/no-organisation": await post("/v1/notes", json={"text": "a"}, headers=notes.as_person(somebody(None))),
        "shared/forbidden": await notes.client.get("/v1/notes/internal", headers=notes.as_service("import")),
        "shared/payload": await post("/v1/notes", json={"text": "a", "colour": "red"}, headers=anna),
        "shared/unreadable-body": await post(
            "/v1/notes", content=b"{", headers=anna | {"Content-Type": "application/json"}
        ),
        "shared/body-too-large": await post("/v1/notes", json={"text": "a" * 2_000_000}, headers=anna),
        "notes/clash": await post("/v1/notes", json={"text": "clash"}, headers=anna),
        "shared/http-404": await notes.client.get("/v1/nothing"),
        "shared/http-405": await notes.client.put("/v1/notes"),
        "shared/internal": await notes.client.get("/v1/notes/bug", headers=anna),
    }

    for slug, answer in answers.items():
        assert answer.json()["type"] == f"urn:postroom:problem:{slug}"
        assert answer.json()["status"] == answer.status_code
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert "secret detail" not in answers["shared/internal"].text
    assert answers["shared/http-405"].headers["allow"]


@pytest.mark.parametrize(
    ("path", "allowed"), [("/v1/notes", "GET, POST"), ("/v1/notes/7", "DELETE"), ("/v1/notes/7:read", "POST")]
)
async def test_a_method_that_is_not_allowed_is_told_which_are(notes: RunningService, path: str, allowed: str):
    answer = await notes.client.put(path)

    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


async def test_an_unknown_query_parameter_is_refused_by_name(notes: RunningService):
    answer = await notes.client.get("/v1/notes?statsu=bounced", headers=notes.as_person(somebody()))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "statsu"


async def test_the_database_hides_rows_of_other_organisations_from_a_query_without_filter(notes: RunningService):
    anna, bert = notes.as_person(somebody()), notes.as_person(somebody())
    await notes.client.post("/v1/notes", json={"text": "Anna's"}, headers=anna)

    assert (await notes.client.get("/v1/notes", headers=anna)).json()["items"] == ["Anna's"]
    assert (await notes.client.get("/v1/notes", headers=bert)).json()["items"] == []


async def test_a_commit_that_fails_is_not_answered_with_success(notes: RunningService):
    answer = await notes.client.post("/v1/notes/late-failure", headers=notes.as_person(somebody()))

    assert answer.status_code == 500


async def test_the_same_idempotency_key_gives_the_first_answer_and_one_effect(notes: RunningService):
    headers = notes.as_person(somebody()) | {"Idempotency-Key": "one"}

    answers = await asyncio.gather(
        *(notes.client.post("/v1/notes", json={"text": "a"}, headers=headers) for _ in range(4))
    )
    repeated = await notes.client.post("/v1/notes", json={"text": "a"}, headers=headers)

    listed = (await notes.client.get("/v1/notes", headers=headers)).json()["items"]
    created = {answer.json().get("id") for answer in answers if answer.status_code == 201}
    assert listed == ["a"]
    assert created == {repeated.json()["id"]}
    assert {answer.status_code for answer in answers} <= {201, 409}  # 409: the first answer was not kept yet


async def test_the_same_idempotency_key_for_another_request_is_refused(notes: RunningService):
    headers = notes.as_person(somebody()) | {"Idempotency-Key": "one"}
    await notes.client.post("/v1/notes", json={"text": "a"}, headers=headers)

    answer = await notes.client.post("/v1/notes", json={"text": "b"}, headers=headers)

    assert answer.json()["type"] == "urn:postroom:problem:shared/idempotency-key-reused"


async def test_an_operator_who_acts_in_no_organisation_uses_idempotency_keys_too(notes: RunningService):
    headers = notes.as_person(somebody(None, operator=True)) | {"Idempotency-Key": "one"}

    answers = [await notes.client.post("/v1/notes/of-nobody", headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


async def test_a_refused_request_frees_its_idempotency_key(notes: RunningService):
    headers = notes.as_person(somebody()) | {"Idempotency-Key": "one"}
    await notes.client.post("/v1/notes", json={"text": "clash"}, headers=headers)

    assert (await notes.client.post("/v1/notes", json={"text": "a"}, headers=headers)).status_code == 201


async def test_another_person_may_use_the_same_idempotency_key(notes: RunningService):
    key = {"Idempotency-Key": "one"}
    await notes.client.post("/v1/notes", json={"text": "a"}, headers=notes.as_person(somebody()) | key)

    other = await notes.client.post("/v1/notes", json={"text": "b"}, headers=notes.as_person(somebody()) | key)

    assert other.status_code == 201


async def test_a_key_is_forgotten_after_a_day(database: TestDatabase, nats_server: TestNats, tmp_path: Path):
    connection = await asyncpg.connect(database.superuser_dsn)
    insert = "insert into notes.idempotency_key values ($1, $1, $2, '', 200, null, null, now() - $3::interval)"
    for key, age in (("old", timedelta(hours=25)), ("young", timedelta(hours=23))):
        await connection.execute(insert, uuid7(), key, age)
    identity = TestIdentity(tmp_path, "notes")

    async with running_service(NOTES, database=database, nats=nats_server, identity=identity), asyncio.timeout(10):
        kept = ["old", "young"]
        while "old" in kept:
            kept = [row["key"] for row in await connection.fetch("select key from notes.idempotency_key")]
            await asyncio.sleep(0.01)
    await connection.close()

    assert kept == ["young"]


async def test_a_request_carries_its_trace_and_gives_it_back(notes: RunningService):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    answer = await notes.client.get("/v1/notes", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})

    assert answer.headers["x-request-id"] == trace


async def test_the_process_says_whether_it_is_ready_and_what_it_measured(notes: RunningService):
    await notes.client.get("/v1/notes", headers=notes.as_person(somebody()))

    async with asyncio.timeout(10):
        while not notes.runtime.nats.is_connected:
            await asyncio.sleep(0.01)
    live, metrics = await notes.client.get("/livez"), await notes.client.get("/metrics")

    assert live.status_code == 200
    assert 'route="/v1/notes",status="200"' in metrics.text


def test_the_document_names_every_refusal_under_its_media_type():
    from postroom_shared.http.app import build_api

    document = build_api(NOTES).openapi()
    write = document["paths"]["/v1/notes"]["post"]

    assert write["operationId"] == "writeNote"
    assert {"201", "400", "401", "403", "409", "413", "422"} <= set(write["responses"])
    assert all(
        "application/problem+json" in write["responses"][s]["content"] for s in ("400", "401", "403", "409", "422")
    )
    assert any(p["name"] == "Idempotency-Key" for p in write["parameters"])
    assert "HTTPValidationError" not in document["components"]["schemas"]

"""`/v1/logs` as people use it."""

import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from postroom_logs.app import SERVICE
from postroom_logs.collecting.files import FollowedFile
from postroom_logs.ingestion.service import Ingestor
from postroom_shared.database import Sessions, bind_organisation
from postroom_shared.principal import PersonPrincipal, Role, SystemPrincipal
from postroom_shared.testkit import TestDatabase, TestNats
from postroom_shared.testkit.services import RunningService, TestIdentity, running_service, somebody
from postroom_shared.values import uuid7

NOW = datetime.now(UTC)
SEARCHES = ("", "/counts", "/export")


@dataclass
class Desk:
    """svc-logs with one organisation, its address `info@b.example`, and people of each kind."""

    service: RunningService
    town: Any
    sessions: Sessions
    log_file: Path
    organisation_id: UUID
    service_id: UUID
    owner: PersonPrincipal
    member: PersonPrincipal
    guest: PersonPrincipal
    stranger: PersonPrincipal
    serial: int = field(default=0)

    async def get(self, path: str = "", caller: PersonPrincipal | None = None, **query: Any) -> httpx.Response:
        headers = {"Accept-Language": query.pop("language")} if "language" in query else {}
        headers |= self.service.as_person(caller) if caller else {}
        params = {"address": "info@b.example", "direction": "received"} if path in SEARCHES else {}
        params |= {("from" if name == "since" else "to" if name == "until" else name): v for name, v in query.items()}
        return await self.service.client.get(f"/v1/logs{path}", params=params, headers=headers)

    async def mail(
        self,
        *,
        at: datetime = NOW - timedelta(hours=1),
        sender: str = "ann@ext.test",
        result: str = "dsn=2.0.0, status=sent (250 2.0.0 Ok)",
        recipient: str = "info@b.example",
    ) -> str:
        """Let a mail come; return its queue id."""
        self.serial += 1
        queue_id = f"{0xAAAA0000 + self.serial:X}"
        stamp = at.isoformat(timespec="microseconds")
        self._write(
            f"{stamp} mx postfix/smtpd[1]: {queue_id}: client=mx.ext.test[192.0.2.1]",
            f"{stamp} mx postfix/cleanup[1]: {queue_id}: message-id=<{queue_id}@ext.test>",
            f"{stamp} mx postfix/qmgr[1]: {queue_id}: from=<{sender}>, size=7, nrcpt=1 (queue active)",
            f"{stamp} mx postfix/smtp[1]: {queue_id}: to=<{recipient}>, relay=mx.o.test[192.0.2.9]:25, delay=1, "
            f"delays=0/0/0/0, {result}",
        )
        await self.take_in()
        return queue_id

    def _write(self, *lines: str) -> None:
        with self.log_file.open("a") as file:
            file.writelines(f"{line}\n" for line in lines)

    async def take_in(self) -> None:
        """Bring what was written into the database."""
        reading = Ingestor(self.sessions, FollowedFile(self.log_file), name="t", zone=UTC, batch_octets=1 << 16)
        while await reading.step():
            pass


@pytest_asyncio.fixture(loop_scope="session")
async def desk(  # noqa: PLR0917 - fixtures
    database: TestDatabase, nats_server: TestNats, identity: TestIdentity, town: Any, sessions: Sessions, log_file: Path
) -> AsyncIterator[Desk]:
    organisation_id, service_id = await town.organisation()
    await town.add_addresses(organisation_id, service_id, "info@b.example", "other@b.example")
    people = [somebody(role, organisation_id=organisation_id) for role in (Role.OWNER, Role.MEMBER, Role.GUEST)]
    await town.grant(organisation_id, "info@b.example", people[1].person_id, "logs.read")
    await town.grant(organisation_id, "info@b.example", people[2].person_id, "rules.manage")
    async with running_service(SERVICE, database=database, nats=nats_server, identity=identity) as service:
        yield Desk(service, town, sessions, log_file, organisation_id, service_id, *people, somebody(Role.OWNER))


async def test_a_search_says_what_became_of_a_mail_in_plain_words(desk: Desk):
    queue_id = await desk.mail(result="dsn=4.2.2, status=deferred (host mx said: 452 4.2.2 <x> Quota exceeded)")

    answer = await desk.get(caller=desk.owner, language="fr-CH, en;q=0.5")

    (entry,) = answer.json()["items"]
    assert (entry["status"], entry["reason"]["key"]) == ("deferred", "mailbox-full")
    assert entry["reason"]["text"] == "La boîte du destinataire est pleine."
    assert entry["answer"] == "host mx said: 452 4.2.2 <x> Quota exceeded"
    assert (entry["queue_id"], entry["counterparty"], entry["attempts"]) == (queue_id, "ann@ext.test", 1)
    assert answer.json()["next"] is None


@pytest.mark.parametrize(("who", "status"), [("owner", 200), ("member", 200), ("guest", 403), ("stranger", 404)])
async def test_managers_and_people_with_the_log_right_may_search(desk: Desk, who: str, status: int):
    await desk.mail()
    caller = getattr(desk, who)

    for path in SEARCHES:
        assert (await desk.get(path, caller)).status_code == status
    entry_id = (await desk.get(caller=desk.owner)).json()["items"][0]["id"]
    assert (await desk.get(f"/{entry_id}", caller)).status_code == (200 if status == 200 else 404)


async def test_nobody_unknown_and_no_token_of_another_kind_may_search(desk: Desk):
    narrow = somebody(Role.OWNER, organisation_id=desk.organisation_id, scopes=frozenset({"imports.read"}))

    for path in (*SEARCHES, f"/{uuid7()}"):
        assert (await desk.get(path)).status_code == 401
        assert (await desk.get(path, narrow)).json()["type"] == "urn:postroom:problem:shared/missing-scope"


async def test_the_right_can_be_taken_away(desk: Desk):
    async with desk.sessions() as session, session.begin():
        await bind_organisation(session, SystemPrincipal())
        await session.execute(text("delete from directory_grant where person_id = :id"), {"id": desk.member.person_id})

    assert (await desk.get(caller=desk.member)).json()["type"] == "urn:postroom:problem:logs/right-missing"


async def test_a_search_further_back_than_twenty_days_is_refused_and_names_the_earliest_moment(desk: Desk):
    early = (datetime.now(UTC) - timedelta(days=21)).isoformat()

    for path in SEARCHES:
        answer = await desk.get(path, desk.owner, since=early)
        assert answer.status_code == 422
        assert answer.json()["type"] == "urn:postroom:problem:logs/too-far-back"
        earliest = datetime.fromisoformat(answer.json()["earliest"])
        assert abs(earliest - (datetime.now(UTC) - timedelta(days=20))) < timedelta(minutes=1)


async def test_what_is_older_than_the_plan_reaches_is_never_shown(desk: Desk):
    await desk.mail(at=datetime.now(UTC) - timedelta(days=20, minutes=1))
    await desk.mail(at=datetime.now(UTC) - timedelta(days=19, hours=23))

    found = (await desk.get(caller=desk.owner)).json()["items"]

    assert len(found) == 1
    async with desk.sessions() as session:
        await bind_organisation(session, SystemPrincipal())
        ids = list(await session.scalars(text("select id from delivery order by at")))
    assert len(ids) == 2
    assert (await desk.get(f"/{ids[0]}", desk.owner)).json()["type"] == "urn:postroom:problem:logs/entry-not-found"


async def test_a_longer_plan_reaches_back_further(desk: Desk):
    organisation_id, service_id = await desk.town.organisation(retention_days=365)
    await desk.town.add_addresses(organisation_id, service_id, "long@c.example")
    await desk.mail(at=datetime.now(UTC) - timedelta(days=300), recipient="long@c.example")
    owner = somebody(Role.OWNER, organisation_id=organisation_id)

    found = await desk.get(caller=owner, address="long@c.example", direction="received")

    assert len(found.json()["items"]) == 1


@pytest.mark.parametrize(
    ("query", "senders"),
    [
        ({"status": "bounced"}, {"bob@far.test"}),
        ({"status": ["bounced", "delivered"]}, {"ann@ext.test", "bob@far.test", "anna@ext.test"}),
        ({"counterparty": "Ann@ext.test"}, {"ann@ext.test"}),
        ({"counterparty": "@ext.test"}, {"ann@ext.test", "anna@ext.test"}),
        ({"counterparty": "ann*"}, {"ann@ext.test", "anna@ext.test"}),
        ({"counterparty": "@t.test"}, set()),
        ({"message_id": "<AAAA0002@ext.test>"}, {"bob@far.test"}),
        ({"queue_id": "AAAA0003"}, {"anna@ext.test"}),
        ({"direction": "sent", "address": "info@b.example"}, set()),
        ({"address": "other@b.example", "direction": "received"}, set()),
    ],
)
async def test_filters_narrow_the_search_and_all_that_follows_from_it(
    desk: Desk, query: dict[str, Any], senders: set[str]
):
    await desk.mail()
    await desk.mail(sender="bob@far.test", result="dsn=5.1.1, status=bounced (550 5.1.1 no)")
    await desk.mail(sender="anna@ext.test")

    found = (await desk.get(caller=desk.owner, **query)).json()["items"]
    counts = (await desk.get("/counts", desk.owner, **query)).json()["items"]
    exported = (await desk.get("/export", desk.owner, format="ndjson", **query)).text

    assert {entry["counterparty"] for entry in found} == senders
    assert sum(count["deliveries"] for count in counts) == len(senders)
    assert {json.loads(line)["counterparty"] for line in exported.splitlines()} == senders


async def test_a_period_has_its_begin_and_not_its_end(desk: Desk):
    at = NOW.replace(microsecond=0) - timedelta(hours=2)
    await desk.mail(at=at)

    assert len((await desk.get(caller=desk.owner, since=at.isoformat())).json()["items"]) == 1
    assert (await desk.get(caller=desk.owner, until=at.isoformat())).json()["items"] == []
    empty = await desk.get(caller=desk.owner, since=at.isoformat(), until=at.isoformat())
    assert empty.json()["type"] == "urn:postroom:problem:logs/empty-period"


async def test_pages_follow_each_other_without_a_gap_or_a_repetition(desk: Desk):
    at = NOW.replace(microsecond=0) - timedelta(hours=3)
    wanted = [await desk.mail(at=at + timedelta(seconds=number // 3)) for number in range(20)]

    found, cursor = [], None
    while True:
        page = (await desk.get(caller=desk.owner, limit=3, **({"cursor": cursor} if cursor else {}))).json()
        found += [(entry["at"], entry["queue_id"]) for entry in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert sorted(queue_id for _, queue_id in found) == sorted(wanted)
    assert [at for at, _ in found] == sorted((at for at, _ in found), reverse=True)


@pytest.mark.parametrize("cursor", ["x", "WyJhIiwiYiJd", "WzEsMl0"])
async def test_a_cursor_of_another_list_is_refused(desk: Desk, cursor: str):
    answer = await desk.get(caller=desk.owner, cursor=cursor)

    assert answer.json()["type"] == "urn:postroom:problem:shared/bad-cursor"


async def test_an_entry_tells_the_whole_way(desk: Desk):
    await desk.mail(result="dsn=4.4.1, status=deferred (connect to mx: Connection timed out)")
    entry_id = (await desk.get(caller=desk.owner)).json()["items"][0]["id"]
    desk._write(
        f"{NOW.isoformat(timespec='microseconds')} mx postfix/smtp[1]: AAAA0001: to=<info@b.example>, "
        "relay=mx.o.test[192.0.2.9]:25, delay=1, delays=0/0/0/0, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as X)"
    )
    await desk.take_in()

    entry = (await desk.get(f"/{entry_id}", desk.member)).json()

    assert [step["kind"] for step in entry["timeline"]] == ["accepted", "attempted", "attempted"]
    assert entry["timeline"][0]["details"]["client_address"] == "192.0.2.1"
    assert entry["timeline"][2]["details"]["answer"] == "250 2.0.0 Ok: queued as X"
    assert (entry["status"], entry["attempts"], entry["queue_ids"]) == ("delivered", 2, ["AAAA0001"])


async def test_an_entry_that_is_not_there_is_not_found(desk: Desk):
    for unknown in (uuid7(), UUID(int=2**128 - 1)):
        assert (await desk.get(f"/{unknown}", desk.owner)).json()["type"] == "urn:postroom:problem:logs/entry-not-found"


async def test_mail_refused_before_the_queue_is_found_too(desk: Desk):
    desk._write(
        f"{NOW.isoformat(timespec='microseconds')} mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from x[192.0.2.1]: "
        "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; "
        "from=<s@ext.test> to=<info@b.example> proto=ESMTP helo=<x>"
    )
    await desk.take_in()

    (entry,) = (await desk.get(caller=desk.owner, language="en")).json()["items"]

    assert (entry["status"], entry["reason"]["key"]) == ("rejected", "listed")
    assert entry["reason"]["text"] == "The sending server is on the block list zen.spamhaus.org."
    steps = (await desk.get(f"/{entry['id']}", desk.owner)).json()["timeline"]
    assert [step["kind"] for step in steps] == ["refused"]


async def test_an_export_is_a_table_that_spreadsheets_do_not_compute(desk: Desk):
    await desk.mail(sender="=cmd@ext.test")

    answer = await desk.get("/export", desk.owner, language="en")

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="logs.csv"'
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert row["counterparty"] == "'=cmd@ext.test"
    assert row["reason"] == "The server mx.o.test took the message."


async def test_an_unknown_parameter_is_refused(desk: Desk):
    for path in SEARCHES:
        assert (await desk.get(path, desk.owner, nonsense="1")).status_code == 422


async def test_every_search_is_an_event_and_so_is_each_further_page(desk: Desk):
    await desk.mail()
    await desk.mail()
    first = (await desk.get(caller=desk.owner, limit=1)).json()
    await desk.get(caller=desk.owner, limit=1, cursor=first["next"])
    await desk.get("/export", desk.member)
    await desk.get(caller=desk.guest)

    async with desk.sessions() as session:
        await bind_organisation(session, SystemPrincipal())
        rows = await session.execute(text("select data from outbox where type like 'postroom.logs.%' order by id"))
        events = [row.data for row in rows]
    assert [(event["kind"], event["person_id"]) for event in events] == [
        ("list", str(desk.owner.person_id)),
        ("list", str(desk.owner.person_id)),  # anybody can make a cursor and begin with it
        ("export", str(desk.member.person_id)),
    ]
    assert "info@b.example" not in json.dumps(events)


async def test_several_troubled_statuses_are_one_list_in_the_order_of_time(desk: Desk):
    at = NOW.replace(microsecond=0) - timedelta(hours=3)
    results = (
        "dsn=5.1.1, status=bounced (550 no)",
        "dsn=4.4.1, status=deferred (later)",
        "dsn=2.0.0, status=sent (ok)",
    )
    wanted = [await desk.mail(at=at + timedelta(seconds=number), result=results[number % 3]) for number in range(12)]
    troubled = [queue_id for number, queue_id in enumerate(wanted) if number % 3 != 2]

    found, cursor = [], None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = (await desk.get(caller=desk.owner, status=["bounced", "deferred"], limit=3, **more)).json()
        found += [entry["queue_id"] for entry in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert found == troubled[::-1]

"""What other services' events do here: once in effect, in order, retried, buried."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_shared.contracts.imports import ImportJobCancelledV1, ImportJobStartedV1
from postroom_shared.database import bind_organisation
from postroom_shared.errors import UnavailableError
from postroom_shared.events.cloudevents import Event, encode
from postroom_shared.events.consumer import Consumer, ConsumerLoop
from postroom_shared.events.dead_letters import PROBLEM_HEADER
from postroom_shared.events.inbox import purge_inbox
from postroom_shared.events.outbox import publish, republish
from postroom_shared.events.relay import Relay
from postroom_shared.events.streams import ensure_stream
from postroom_shared.principal import SystemPrincipal
from postroom_shared.values import uuid7

ORGANISATION = uuid7()
Started = Event[ImportJobStartedV1]


async def record_effect(session: AsyncSession, event: Event[Any]) -> None:
    await session.execute(text("insert into effect (event_id) values (:id)"), {"id": event.id})


def consumer_of(handler: Callable[[AsyncSession, Started], Awaitable[None]], **changes: Any) -> Consumer:
    return Consumer("logs", "POSTROOM_IMPORT", "events", {ImportJobStartedV1: handler}, **changes)


def started(**changes: Any) -> Event[dict[str, Any]]:
    payload = ImportJobStartedV1(job_id=uuid7(), target_address_id=uuid7())
    attributes: dict[str, Any] = {
        "id": uuid7(),
        "type": payload.event_type,
        "source": "/postroom/import",
        "time": datetime.now(UTC),
        "organisation_id": ORGANISATION,
        "subject_id": str(payload.job_id),
        "data": payload.model_dump(mode="json"),
    }
    return Event(**{**attributes, **changes})


class Publisher:
    """Puts messages into the stream of imports, as a relay would."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def send(self, *events: Event[dict[str, Any]], again: bool = False) -> list[UUID]:
        for event in events:
            message = encode(event)
            headers = {**message.headers, "Nats-Msg-Id": str(uuid7())} if again else message.headers
            await self._connection.jetstream.publish(message.subject, message.body, headers=headers)
        return [event.id for event in events]

    async def send_raw(self, subject: str, body: bytes) -> None:
        await self._connection.jetstream.publish(subject, body)


async def prepared(service: Any, connection: Any) -> Publisher:
    await ensure_stream(connection.jetstream, service.manifest)
    return Publisher(connection)


@asynccontextmanager
async def running(loop: ConsumerLoop | Relay) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(loop.run(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


async def until(condition: Callable[[], bool], *, timeout_s: float = 10.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


async def effects(service: Any) -> list[UUID]:
    async with service.sessions() as session:
        return list(await session.scalars(text("select event_id from effect order by id")))


async def nothing_unacknowledged(connection: Any) -> bool:
    info = await connection.jetstream.consumer_info("POSTROOM_IMPORT", "logs-events")
    return (info.num_ack_pending, info.num_pending) == (0, 0)


async def test_events_are_handled_in_their_order(publisher: Any, reader: Any, open_nats: Any) -> None:
    source = await prepared(publisher, await open_nats("import"))
    loop = ConsumerLoop(consumer_of(record_effect), await open_nats("logs"), reader.sessions)

    ids = await source.send(*(started() for _ in range(20)))
    async with running(loop):
        await until(lambda: loop.handled == 20)

    assert await effects(reader) == ids


async def test_a_second_delivery_has_no_second_effect(publisher: Any, reader: Any, open_nats: Any) -> None:
    connection = await open_nats("import")
    source = await prepared(publisher, connection)
    loop = ConsumerLoop(consumer_of(record_effect), await open_nats("logs"), reader.sessions)
    event = started()

    await source.send(event)
    await source.send(event, again=True)
    async with running(loop):
        await until(lambda: loop.duplicates == 1)

    assert await effects(reader) == [event.id]
    assert await nothing_unacknowledged(connection)


async def test_a_handler_gets_the_payload_model_and_the_rows_of_the_events_organisation(
    publisher: Any, reader: Any, open_nats: Any
) -> None:
    source = await prepared(publisher, await open_nats("import"))
    seen: list[tuple[ImportJobStartedV1, str | None, dict[str, Any]]] = []

    async def handler(session: AsyncSession, event: Started) -> None:
        scope = await session.scalar(text("select current_setting('postroom.organisation', true)"))
        seen.append((event.data, scope, structlog.contextvars.get_contextvars()))

    loop = ConsumerLoop(consumer_of(handler), await open_nats("logs"), reader.sessions)
    own = started(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    nobodys = started(organisation_id=None)
    async with running(loop):
        await source.send(own, nobodys)
        await until(lambda: loop.handled == 2)

    payload, scope, context = seen[0]
    assert str(payload.job_id) == own.subject_id
    assert scope == str(ORGANISATION)
    assert context["event_id"] == str(own.id)
    assert context["organisation_id"] == str(ORGANISATION)
    assert context["traceparent"] == own.traceparent
    assert seen[1][1] == "*"


async def test_types_without_a_handler_are_acknowledged_and_counted(
    publisher: Any, reader: Any, open_nats: Any
) -> None:
    connection = await open_nats("import")
    source = await prepared(publisher, connection)
    loop = ConsumerLoop(consumer_of(record_effect), await open_nats("logs"), reader.sessions)
    other = ImportJobCancelledV1(job_id=uuid7(), target_address_id=uuid7(), copied=0)

    await source.send(
        started(type=other.event_type, data=other.model_dump(mode="json")),
        started(type="postroom.import.job.invented_later.v7", data={"new": True}),
        started(),
    )
    async with running(loop):
        await until(lambda: loop.handled == 1)

    assert loop.ignored == 2
    assert await nothing_unacknowledged(connection)


async def test_a_failing_handler_leaves_no_trace_and_holds_up_what_follows_until_it_works(
    publisher: Any, reader: Any, open_nats: Any
) -> None:
    source = await prepared(publisher, await open_nats("import"))
    calls: list[UUID] = []

    async def handler(session: AsyncSession, event: Started) -> None:
        calls.append(event.id)
        await record_effect(session, event)
        if len(calls) < 3:
            raise UnavailableError("not yet")

    loop = ConsumerLoop(consumer_of(handler, first_retry_s=0.02), await open_nats("logs"), reader.sessions)
    first, second = await source.send(started(), started())
    async with running(loop):
        await until(lambda: loop.handled == 2)

    assert calls == [first, first, first, second]
    assert await effects(reader) == [first, second]
    assert loop.failed == 2


async def test_after_the_last_try_the_message_becomes_a_dead_letter_with_the_problem(
    publisher: Any, reader: Any, open_nats: Any
) -> None:
    connection = await open_nats("import")
    source = await prepared(publisher, connection)
    bad = started()

    async def handler(session: AsyncSession, event: Started) -> None:
        await record_effect(session, event)
        if event.id == bad.id:
            raise UnavailableError("the directory is away")

    consumer = consumer_of(handler, first_retry_s=0.02, max_tries=3)
    loop = ConsumerLoop(consumer, await open_nats("logs"), reader.sessions)
    await source.send(bad)
    (good,) = await source.send(started())
    async with running(loop):
        await until(lambda: loop.handled == 1)

    letter = await connection.jetstream.get_msg("POSTROOM_DEAD_LOGS", 1)
    assert letter.subject == "postroom-dead.logs.events"
    assert letter.headers is not None
    assert json.loads(letter.headers[PROBLEM_HEADER])["type"] == "urn:postroom:problem:shared/unavailable"
    assert letter.headers["Postroom-Tries"] == "3"
    assert letter.headers["ce-id"] == str(bad.id)
    assert letter.data == encode(bad).body
    assert (loop.failed, loop.buried) == (3, 1)
    assert await effects(reader) == [good]
    assert await nothing_unacknowledged(connection)


async def test_a_dead_letter_is_carried_out_after_its_event_was_published_again(
    publisher: Any, reader: Any, open_nats: Any
) -> None:
    mended = False

    async def handler(session: AsyncSession, event: Started) -> None:
        await record_effect(session, event)
        if event.data.job_id == broken and not mended:
            raise UnavailableError

    broken, whole = uuid7(), uuid7()
    relay = Relay(publisher.engine, await open_nats("import"), publisher.manifest, poll_s=0.05)
    loop = ConsumerLoop(consumer_of(handler, max_tries=1), await open_nats("logs"), reader.sessions)
    async with running(relay), running(loop):
        ids = [await _publish_started(publisher, job_id) for job_id in (broken, whole)]
        await until(lambda: loop.buried == 1 and loop.handled == 1)

        mended = True
        now = datetime.now(UTC)
        async with publisher.sessions() as session, session.begin():
            await bind_organisation(session, SystemPrincipal())
            assert await republish(session, since=now - timedelta(hours=1), until=now + timedelta(hours=1)) == 2
        await until(lambda: loop.handled == 2 and loop.duplicates == 1)

    assert await effects(reader) == [ids[1], ids[0]]


async def _publish_started(service: Any, job_id: UUID) -> UUID:
    payload = ImportJobStartedV1(job_id=job_id, target_address_id=uuid7())
    async with service.sessions() as session, session.begin():
        await bind_organisation(session, SystemPrincipal(organisation_id=ORGANISATION))
        return await publish(session, payload, organisation_id=ORGANISATION, subject_id=job_id)


async def test_the_text_of_an_unforeseen_error_does_not_reach_the_dead_letter(
    publisher: Any, reader: Any, open_nats: Any
) -> None:
    connection = await open_nats("import")
    source = await prepared(publisher, connection)

    async def handler(_session: AsyncSession, _event: Started) -> None:
        raise RuntimeError("password=hunter2")

    loop = ConsumerLoop(consumer_of(handler, max_tries=1), await open_nats("logs"), reader.sessions)
    await source.send(started())
    async with running(loop):
        await until(lambda: loop.buried == 1)

    letter = await connection.jetstream.get_msg("POSTROOM_DEAD_LOGS", 1)
    assert letter.headers is not None
    assert json.loads(letter.headers[PROBLEM_HEADER])["title"] == "RuntimeError"
    assert "hunter2" not in str(letter.headers)


async def test_what_is_no_event_is_buried_at_once(publisher: Any, reader: Any, open_nats: Any) -> None:
    source = await prepared(publisher, await open_nats("import"))
    loop = ConsumerLoop(consumer_of(record_effect), await open_nats("logs"), reader.sessions)

    await source.send_raw(f"postroom.import.job.started.v1.{ORGANISATION}", b"rubbish")
    await source.send(started(data={"job_id": "not an id"}), started())
    async with running(loop):
        await until(lambda: loop.handled == 1)

    assert loop.buried == 2


async def test_stopping_finishes_the_message_in_hand(publisher: Any, reader: Any, open_nats: Any) -> None:
    connection = await open_nats("import")
    source = await prepared(publisher, connection)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handler(session: AsyncSession, event: Started) -> None:
        begun.set()
        await go_on.wait()
        await record_effect(session, event)

    loop = ConsumerLoop(consumer_of(handler), await open_nats("logs"), reader.sessions)
    stop = asyncio.Event()
    task = asyncio.create_task(loop.run(stop))
    first, _ = await source.send(started(), started())
    await begun.wait()
    stop.set()
    go_on.set()
    await asyncio.wait_for(task, 5)

    assert await effects(reader) == [first]
    again = ConsumerLoop(consumer_of(record_effect), await open_nats("logs"), reader.sessions)
    async with running(again):
        await until(lambda: again.handled == 1, timeout_s=5)
    assert again.duplicates == 0


async def test_a_long_handler_keeps_its_message(publisher: Any, reader: Any, open_nats: Any) -> None:
    source = await prepared(publisher, await open_nats("import"))
    calls = 0

    async def handler(_session: AsyncSession, _event: Started) -> None:
        nonlocal calls
        calls += 1
        await asyncio.sleep(1.5)

    consumer = consumer_of(handler, ack_wait_s=0.5)
    loops = [ConsumerLoop(consumer, await open_nats("logs"), reader.sessions) for _ in range(2)]
    async with running(loops[0]), running(loops[1]):
        await source.send(started())
        await until(lambda: loops[0].handled + loops[1].handled == 1)

    assert calls == 1


async def test_a_database_that_is_away_costs_no_try(publisher: Any, reader: Any, open_nats: Any, database: Any) -> None:
    source = await prepared(publisher, await open_nats("import"))
    hidden = False

    async def handler(session: AsyncSession, event: Started) -> None:
        nonlocal hidden
        if not hidden:
            hidden = True
            await _allow_connections(database, reader, allowed=False)
            await session.execute(text("select pg_terminate_backend(pg_backend_pid())"))
        await record_effect(session, event)

    loop = ConsumerLoop(consumer_of(handler, max_tries=1), await open_nats("logs"), reader.sessions)
    async with running(loop):
        ids = await source.send(started())
        await until(lambda: loop.database_away)
        await _allow_connections(database, reader, allowed=True)
        await until(lambda: loop.handled == 1)

    assert (loop.failed, loop.buried) == (0, 0)
    assert await effects(reader) == ids


async def _allow_connections(database: Any, service: Any, *, allowed: bool) -> None:
    connection = await asyncpg.connect(database.superuser_dsn)
    try:
        await connection.execute(f"alter role {service.manifest.schema} connection limit {-1 if allowed else 0}")
        if not allowed:
            await connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where usename = $1 and state = 'idle'",
                service.manifest.schema,
            )
    finally:
        await connection.close()


async def test_a_consumer_waits_for_a_stream_that_does_not_exist_yet(
    publisher: Any, reader: Any, open_nats: Any
) -> None:
    loop = ConsumerLoop(consumer_of(record_effect), await open_nats("logs"), reader.sessions)

    async with running(loop):
        source = await prepared(publisher, await open_nats("import"))
        await source.send(started())
        await until(lambda: loop.handled == 1)


async def test_a_consumer_comes_back_when_nats_was_restarted(
    publisher: Any, reader: Any, open_nats: Any, nats: Any
) -> None:
    source = await prepared(publisher, await open_nats("import"))
    loop = ConsumerLoop(consumer_of(record_effect), await open_nats("logs"), reader.sessions)

    async with running(loop):
        ids = await source.send(started())
        await until(lambda: loop.handled == 1)
        await nats.server.stop()
        await nats.server.start()
        ids += await source.send(started())
        await until(lambda: loop.handled == 2)

    assert await effects(reader) == ids


async def test_the_inbox_is_kept_longer_than_any_event_can_be_delivered(
    publisher: Any, reader: Any, open_nats: Any
) -> None:
    source = await prepared(publisher, await open_nats("import"))
    loop = ConsumerLoop(consumer_of(record_effect), await open_nats("logs"), reader.sessions)
    await source.send(started())
    async with running(loop):
        await until(lambda: loop.handled == 1)

    async with reader.sessions() as session, session.begin():
        await bind_organisation(session, SystemPrincipal())
        assert await purge_inbox(session, now=datetime.now(UTC) + timedelta(days=39)) == 0
        assert await purge_inbox(session, now=datetime.now(UTC) + timedelta(days=41)) == 1


async def test_a_process_that_stops_leaves_no_message_that_others_wait_for(
    publisher: Any, reader: Any, open_nats: Any
) -> None:
    connection = await open_nats("import")
    source = await prepared(publisher, connection)
    ids = await source.send(*(started() for _ in range(200)))
    nats, handled = await open_nats("logs"), 0

    for number in range(25):
        loop = ConsumerLoop(consumer_of(record_effect), nats, reader.sessions)
        async with running(loop):
            await until(lambda loop=loop: loop.handled > 0)
            await asyncio.sleep(number / 5000)  # stop at many different moments of a fetch
        handled += loop.handled
        async with asyncio.timeout(5):  # far less than `ack_wait_s`: the last acknowledgement may be on its way
            while (await connection.jetstream.consumer_info("POSTROOM_IMPORT", "logs-events")).num_ack_pending:
                await asyncio.sleep(0.01)

    assert await effects(reader) == ids[:handled]

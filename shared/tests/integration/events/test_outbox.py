"""Events in the transaction that makes them true, and their way to JetStream."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_shared.contracts.imports import ImportJobCancelledV1, ImportJobFailedV1, ImportJobStartedV1
from postroom_shared.database import bind_organisation
from postroom_shared.events.cloudevents import decode
from postroom_shared.events.errors import EventTooLargeError
from postroom_shared.events.outbox import outbox_age_s, publish, purge_outbox, republish
from postroom_shared.events.relay import Relay
from postroom_shared.events.streams import ensure_stream
from postroom_shared.principal import SystemPrincipal
from postroom_shared.testkit import TestNats
from postroom_shared.values import uuid7

ORGANISATION = uuid7()
OTHER = uuid7()


@asynccontextmanager
async def transaction(service: Any, organisation: UUID | None = ORGANISATION) -> AsyncIterator[AsyncSession]:
    async with service.sessions() as session, session.begin():
        await bind_organisation(session, SystemPrincipal(organisation_id=organisation))
        yield session


async def publish_started(service: Any, count: int = 1) -> list[UUID]:
    async with transaction(service) as session:
        return [
            await publish(
                session,
                ImportJobStartedV1(job_id=uuid7(), target_address_id=uuid7()),
                organisation_id=ORGANISATION,
                subject_id=uuid7(),
            )
            for _ in range(count)
        ]


@asynccontextmanager
async def running(relay: Relay) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(relay.run(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


async def until(condition: Callable[[], bool], *, timeout_s: float = 10.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


async def ids_in_stream(connection: Any, stream: str = "POSTROOM_IMPORT") -> list[UUID]:
    state = (await connection.jetstream.stream_info(stream)).state
    messages = [await connection.jetstream.get_msg(stream, seq) for seq in range(state.first_seq, state.last_seq + 1)]
    return [decode(m.headers, m.data or b"", subject=m.subject).id for m in messages]


async def test_an_event_of_a_transaction_that_fails_is_never_published(publisher: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        async with transaction(publisher) as session:
            payload = ImportJobStartedV1(job_id=uuid7(), target_address_id=uuid7())
            await publish(session, payload, organisation_id=ORGANISATION, subject_id=None)
            raise ZeroDivisionError

    async with transaction(publisher, None) as session:
        assert await session.scalar(text("select count(*) from outbox")) == 0


async def test_committed_events_reach_the_stream_in_their_order(publisher: Any, open_nats: Any) -> None:
    connection = await open_nats("import")
    relay = Relay(publisher.engine, connection, publisher.manifest, batch_size=7)

    async with running(relay):
        ids = [id_ for _ in range(5) for id_ in await publish_started(publisher, 5)]
        await until(lambda: relay.published == 25)

    assert await ids_in_stream(connection) == ids


async def test_a_commit_wakes_the_relay_without_a_poll(publisher: Any, open_nats: Any) -> None:
    connection = await open_nats("import")
    relay = Relay(publisher.engine, connection, publisher.manifest, poll_s=60)

    async with running(relay):
        await until(lambda: relay.leading)
        await publish_started(publisher)
        await until(lambda: relay.published == 1)
        await publish_started(publisher)
        await until(lambda: relay.published == 2)


async def test_the_trace_of_the_request_travels_with_the_event(publisher: Any, open_nats: Any) -> None:
    connection = await open_nats("import")
    relay = Relay(publisher.engine, connection, publisher.manifest)
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    with structlog.contextvars.bound_contextvars(traceparent=traceparent):
        await publish_started(publisher)
    async with running(relay):
        await until(lambda: relay.published == 1)

    message = await connection.jetstream.get_msg("POSTROOM_IMPORT", 1)
    assert message.headers is not None
    assert message.headers["traceparent"] == traceparent
    assert decode(message.headers, message.data or b"", subject=message.subject).sequence is not None


async def test_of_two_relays_one_leads_and_the_other_takes_over(publisher: Any, open_nats: Any) -> None:
    connection = await open_nats("import")
    first, second = (Relay(publisher.engine, connection, publisher.manifest, poll_s=0.05) for _ in range(2))

    async with running(second):
        async with running(first):
            await until(lambda: first.leading or second.leading)
            await publish_started(publisher, 3)
            await until(lambda: first.published + second.published == 3)
            assert first.leading != second.leading
        await publish_started(publisher, 3)
        await until(lambda: first.published + second.published == 6)

    assert len(await ids_in_stream(connection)) == 6


async def test_the_relay_waits_for_a_nats_server_that_is_away(publisher: Any, nats: TestNats, open_nats: Any) -> None:
    connection = await open_nats("import")
    relay = Relay(publisher.engine, connection, publisher.manifest, poll_s=0.05, ack_timeout_s=1)

    async with running(relay):
        ids = await publish_started(publisher)
        await until(lambda: relay.published == 1)
        await nats.server.stop()
        ids += await publish_started(publisher, 3)
        await until(lambda: relay.failures > 0 and relay.oldest_unpublished_s > 0)
        await nats.server.start()
        await until(lambda: relay.published == 4)

    assert await ids_in_stream(connection) == ids


async def test_the_relay_creates_a_stream_that_was_lost(publisher: Any, open_nats: Any) -> None:
    connection = await open_nats("import")
    relay = Relay(publisher.engine, connection, publisher.manifest, poll_s=0.05)

    async with running(relay):
        await publish_started(publisher)
        await until(lambda: relay.published == 1)
        await connection.jetstream.delete_stream("POSTROOM_IMPORT")
        await publish_started(publisher)
        await until(lambda: relay.published == 2)

    assert len(await ids_in_stream(connection)) == 1


async def test_the_relay_waits_for_a_database_that_hung_up(publisher: Any, database: Any, open_nats: Any) -> None:
    connection = await open_nats("import")
    relay = Relay(publisher.engine, connection, publisher.manifest, poll_s=0.05)

    async with running(relay):
        await until(lambda: relay.leading)
        async with transaction(publisher, None) as session:
            await session.execute(
                text(
                    "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
                    " and usename = current_user and datname = current_database()"
                )
            )
        await publish_started(publisher, 2)
        await until(lambda: relay.published == 2)

    assert relay.failures > 0


async def test_events_can_be_published_again_after_the_stream_was_lost(publisher: Any, open_nats: Any) -> None:
    connection = await open_nats("import")
    relay = Relay(publisher.engine, connection, publisher.manifest, poll_s=0.05)
    ids = await publish_started(publisher, 4)
    async with running(relay):
        await until(lambda: relay.published == 4)
    await connection.jetstream.delete_stream("POSTROOM_IMPORT")

    now = datetime.now(UTC)
    async with transaction(publisher, None) as session:
        assert await republish(session, since=now - timedelta(hours=1), until=now, types=["postroom.x.y.z.v1"]) == 0
        assert await republish(session, since=now - timedelta(hours=1), until=now + timedelta(seconds=5)) == 4
    async with running(relay):
        await until(lambda: relay.published == 8)

    assert await ids_in_stream(connection) == ids


async def test_published_events_are_kept_for_a_time_and_then_deleted(publisher: Any, open_nats: Any) -> None:
    relay = Relay(publisher.engine, await open_nats("import"), publisher.manifest)
    await publish_started(publisher, 2)
    async with running(relay):
        await until(lambda: relay.published == 2)
    await publish_started(publisher)
    now = datetime.now(UTC)

    async with transaction(publisher, None) as session:
        assert await purge_outbox(session, now=now + timedelta(days=29)) == 0
        assert await purge_outbox(session, now=now + timedelta(days=31)) == 2
        assert await outbox_age_s(session, now=now + timedelta(seconds=60)) >= 59


async def test_an_organisation_sees_only_its_own_rows_of_the_outbox(publisher: Any) -> None:
    await publish_started(publisher)

    async with transaction(publisher, OTHER) as session:
        assert await session.scalar(text("select count(*) from outbox")) == 0


async def test_an_event_of_another_organisation_cannot_be_published(publisher: Any) -> None:
    payload = ImportJobStartedV1(job_id=uuid7(), target_address_id=uuid7())

    with pytest.raises(DBAPIError):
        async with transaction(publisher, OTHER) as session:
            await publish(session, payload, organisation_id=ORGANISATION, subject_id=None)


async def test_an_event_that_concerns_no_organisation_can_be_published_by_anybody(
    publisher: Any, open_nats: Any
) -> None:
    connection = await open_nats("import")
    relay = Relay(publisher.engine, connection, publisher.manifest)
    payload = ImportJobCancelledV1(job_id=uuid7(), target_address_id=uuid7(), copied=0)

    async with transaction(publisher, OTHER) as session:
        await publish(session, payload, organisation_id=None, subject_id="x")
    async with running(relay):
        await until(lambda: relay.published == 1)

    message = await connection.jetstream.get_msg("POSTROOM_IMPORT", 1)
    assert message.subject == "postroom.import.job.cancelled.v1.none"


async def test_an_event_that_is_too_large_for_nats_is_refused_where_it_is_made(publisher: Any) -> None:
    payload = ImportJobFailedV1(job_id=uuid7(), target_address_id=uuid7(), problem="x" * 300_000, copied=0)

    with pytest.raises(EventTooLargeError):
        async with transaction(publisher) as session:
            await publish(session, payload, organisation_id=ORGANISATION, subject_id=None)


async def test_a_stream_is_corrected_when_it_differs(publisher: Any, open_nats: Any) -> None:
    connection = await open_nats("import")
    await ensure_stream(connection.jetstream, publisher.manifest)
    config = (await connection.jetstream.stream_info("POSTROOM_IMPORT")).config
    await connection.jetstream.update_stream(config.evolve(max_age=3600, description="mine"))

    await ensure_stream(connection.jetstream, publisher.manifest)

    config = (await connection.jetstream.stream_info("POSTROOM_IMPORT")).config
    assert config.max_age == timedelta(days=30).total_seconds()
    assert config.duplicate_window >= 120
    assert config.description == "mine"

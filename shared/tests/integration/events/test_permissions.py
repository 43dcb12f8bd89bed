"""What each NATS user can do, asked of a real server."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import nats.errors
import pytest
from nats.js.errors import APIError

from postroom_shared.contracts.imports import ImportJobCancelledV1
from postroom_shared.events.consumer import Consumer, ConsumerLoop
from postroom_shared.events.errors import NatsUnavailableError, PublishRefusedError
from postroom_shared.events.integrators import ensure_integrator, forget_integrator
from postroom_shared.events.live import live_subject, publish_live, subscribe_live
from postroom_shared.events.nats_connection import NatsConnection, connect, reach_server
from postroom_shared.events.outbox import publish
from postroom_shared.events.permissions import Integrator
from postroom_shared.events.relay import Relay
from postroom_shared.events.streams import (
    consumer_config,
    ensure_consumer,
    ensure_dead_letters,
    ensure_stream,
    ensure_work_queue,
)
from postroom_shared.events.user_keys import new_user_key, public_key_of
from postroom_shared.manifest import ServiceManifest
from postroom_shared.testkit import TestNats
from postroom_shared.testkit.nats import running_nats
from postroom_shared.values import uuid7

OURS, THEIRS = UUID("0197a5d8-0000-7000-8000-000000000001"), UUID("0197a5d8-0000-7000-8000-000000000002")
COMPLETED = "postroom.import.job.completed.v1"


async def refused(connection: NatsConnection, subject: str, payload: bytes = b"") -> bool:
    """Return whether permissions keep a request on *subject* from the server."""
    await connection.client.publish(subject, payload, reply=connection.client.new_inbox())
    await reach_server(connection.client)
    return connection.refusals.covers(subject)


async def cannot_hear(connection: NatsConnection, subject: str) -> bool:
    await connection.client.subscribe(subject)
    await reach_server(connection.client)
    return connection.refusals.covers(subject)


async def pulled(connection: NatsConnection, program: Integrator, *, stream: str = "POSTROOM_IMPORT") -> list[bytes]:
    pull = await connection.jetstream.pull_subscribe_bind(program.consumer, stream)
    try:
        messages = await pull.fetch(10, timeout=0.5)
    except nats.errors.TimeoutError:
        return []
    for message in messages:
        await message.ack_sync()
    return [message.data for message in messages]


async def test_a_service_does_all_its_own_work(guarded: Any) -> None:
    connection = await guarded.connect("import")

    await ensure_stream(connection.jetstream, guarded.manifests["import"])
    await ensure_work_queue(connection.jetstream, guarded.manifests["import"])
    await ensure_dead_letters(connection.jetstream, service="import")
    await connection.jetstream.publish(f"{COMPLETED}.{OURS}", b"{}")
    await connection.jetstream.publish("postroom-work.import.job", b"{}")
    await connection.jetstream.publish("postroom-dead.import.events", b"{}")
    pull = await connection.jetstream.pull_subscribe_bind("workers", "POSTROOM_WORK_IMPORT")
    (work,) = await pull.fetch(1, timeout=2)
    await work.ack_sync()
    job = uuid7()
    async with subscribe_live(connection.client, OURS, "import", job) as updates:
        await publish_live(connection.client, OURS, "import", job, {"copied": 1})
        assert await anext(updates) == {"copied": 1}


async def test_a_service_reads_the_streams_it_consumes(guarded: Any) -> None:
    source, reader = await guarded.connect("import"), await guarded.connect("logs")
    await ensure_stream(source.jetstream, guarded.manifests["import"])
    await source.jetstream.publish(f"{COMPLETED}.{OURS}", b"{}")

    # No handler: the loop acknowledges what it is sent and needs no database.
    loop = ConsumerLoop(Consumer("logs", "POSTROOM_IMPORT", "events", {}), reader, None)  # type: ignore[arg-type]
    stop = asyncio.Event()
    task = asyncio.create_task(loop.run(stop))
    async with asyncio.timeout(10):
        while loop.buried == 0:
            await asyncio.sleep(0.01)
    stop.set()
    await task

    letter = await reader.jetstream.get_msg("POSTROOM_DEAD_LOGS", 1)
    assert letter.subject == "postroom-dead.logs.events"


@pytest.mark.parametrize(
    "subject",
    [
        f"postroom.directory.address.changed.v1.{OURS}",
        "postroom-work.directory.job",
        "postroom-dead.directory.events",
        live_subject(OURS, "directory", "1"),
        "$JS.API.STREAM.CREATE.POSTROOM_DIRECTORY",
        "$JS.API.STREAM.UPDATE.POSTROOM_DIRECTORY",
        "$JS.API.STREAM.DELETE.POSTROOM_DIRECTORY",
        "$JS.API.STREAM.DELETE.POSTROOM_IMPORT",
        "$JS.API.STREAM.PURGE.POSTROOM_IMPORT",
        "$JS.API.STREAM.MSG.DELETE.POSTROOM_IMPORT",
        "$JS.API.STREAM.MSG.GET.POSTROOM_DIRECTORY",
        "$JS.API.STREAM.NAMES",
        "$JS.API.CONSUMER.CREATE.POSTROOM_DIRECTORY.import-events",
        "$JS.API.CONSUMER.MSG.NEXT.POSTROOM_DIRECTORY.gateway-directory",
        "$JS.API.DIRECT.GET.POSTROOM_DIRECTORY",
        "$SYS.REQ.SERVER.PING",
    ],
)
async def test_a_service_cannot_use_what_is_not_its_own(guarded: Any, subject: str) -> None:
    connection = await guarded.connect("import")

    await connection.client.publish(subject, b"{}")
    await reach_server(connection.client)

    assert connection.refusals.covers(subject)


async def test_a_service_cannot_take_the_consumer_of_another(furnished: Any) -> None:
    connection = await furnished.connect("logs")

    for verb in ("CREATE", "INFO", "DELETE", "MSG.NEXT"):
        assert await refused(connection, f"$JS.API.CONSUMER.{verb}.POSTROOM_IMPORT.{furnished.ours.consumer}")
    assert await refused(connection, "$JS.API.CONSUMER.MSG.NEXT.POSTROOM_IMPORT.gateway-directory")


@pytest.mark.parametrize("subject", ["postroom.>", "postroom.import.>", "_INBOX.>", "_INBOX.import.>", ">", "$JS.>"])
async def test_a_service_cannot_listen_to_others(guarded: Any, subject: str) -> None:
    assert await cannot_hear(await guarded.connect("directory"), subject)


async def test_nobody_gets_in_without_a_key_or_with_a_strange_one(guarded: Any) -> None:
    for seed in (None, new_user_key().seed):
        with pytest.raises(NatsUnavailableError, match="Authorization"):
            await connect(guarded.nats.url, service="import", seed=seed, wait_s=1.5)


async def test_a_publish_that_permissions_refuse_is_named_in_the_relays_error(guarded: Any, publisher: Any) -> None:
    foreign = await guarded.connect("directory")
    await ensure_stream(foreign.jetstream, guarded.manifests["directory"])
    relay = Relay(publisher.engine, foreign, guarded.manifests["directory"], ack_timeout_s=0.3)
    async with publisher.sessions() as session, session.begin():
        await session.connection()
        await _insert_foreign_event(session)

    stop = asyncio.Event()
    task = asyncio.create_task(relay.run(stop))
    async with asyncio.timeout(10):
        while relay.failures == 0:
            await asyncio.sleep(0.01)
    stop.set()
    await task

    assert isinstance(relay.last_error, PublishRefusedError)
    assert str(relay.last_error).endswith("may not publish on postroom.import.job.cancelled.v1.none")


async def _insert_foreign_event(session: Any) -> None:
    payload = ImportJobCancelledV1(job_id=uuid7(), target_address_id=uuid7(), copied=0)
    await publish(session, payload, organisation_id=None, subject_id=None)


async def test_a_program_catches_up_on_its_organisations_events_and_on_no_others(furnished: Any) -> None:
    program = await furnished.connect("ours")

    assert await pulled(program, furnished.ours) == [b'{"ours": 1}', b'{"ours": 2}']
    assert await pulled(program, furnished.ours) == []


async def test_a_program_that_was_away_continues_where_it_was(furnished: Any) -> None:
    program = await furnished.connect("ours")
    await pulled(program, furnished.ours)
    await program.close()
    publisher = await furnished.connect("import")
    await publisher.jetstream.publish(f"{COMPLETED}.{OURS}", b'{"ours": 3}')
    await publisher.jetstream.publish(f"{COMPLETED}.{THEIRS}", b'{"theirs": 3}')

    assert await pulled(await furnished.connect("ours"), furnished.ours) == [b'{"ours": 3}']


async def test_a_program_hears_its_organisations_events_as_they_are_published(furnished: Any) -> None:
    program, publisher = await furnished.connect("ours"), await furnished.connect("import")
    subscription = await program.client.subscribe(f"postroom.import.*.*.*.{OURS}")
    await reach_server(program.client)

    await publisher.jetstream.publish(f"{COMPLETED}.{THEIRS}", b"theirs")
    await publisher.jetstream.publish(f"{COMPLETED}.{OURS}", b"ours")

    assert (await subscription.next_msg(timeout=2)).data == b"ours"
    assert subscription.pending_msgs == 0


async def test_a_program_cannot_listen_to_another_organisation(furnished: Any) -> None:
    program = await furnished.connect("ours")

    for subject in (f"{COMPLETED}.{THEIRS}", "postroom.>", f"postroom.*.*.*.*.{THEIRS}", ">", "postroom.live.>"):
        assert await cannot_hear(program, subject)


async def test_a_program_cannot_pull_or_acknowledge_for_another(furnished: Any) -> None:
    program = await furnished.connect("ours")
    theirs = furnished.theirs.consumer

    assert await refused(program, f"$JS.API.CONSUMER.MSG.NEXT.POSTROOM_IMPORT.{theirs}", b"1")
    assert await refused(program, f"$JS.API.CONSUMER.MSG.NEXT.POSTROOM_IMPORT.{theirs}", b'{"batch": 5}')
    assert await refused(program, f"$JS.ACK.POSTROOM_IMPORT.{theirs}.1.1.1.1.1", b"+TERM")
    assert await pulled(await furnished.connect("theirs"), furnished.theirs) == [b'{"theirs": 1}', b'{"theirs": 2}']


@pytest.mark.parametrize(
    "way",
    [
        "$JS.API.INFO",
        "$JS.API.STREAM.NAMES",
        "$JS.API.STREAM.LIST",
        "$JS.API.STREAM.INFO.POSTROOM_IMPORT",
        "$JS.API.STREAM.CREATE.COPY",
        "$JS.API.STREAM.PURGE.POSTROOM_IMPORT",
        "$JS.API.STREAM.DELETE.POSTROOM_IMPORT",
        "$JS.API.STREAM.MSG.GET.POSTROOM_IMPORT",
        "$JS.API.DIRECT.GET.POSTROOM_IMPORT",
        f"$JS.API.DIRECT.GET.POSTROOM_IMPORT.{COMPLETED}.{THEIRS}",
        "$JS.API.CONSUMER.CREATE.POSTROOM_IMPORT",
        "$JS.API.CONSUMER.CREATE.POSTROOM_IMPORT.mine",
        f"$JS.API.CONSUMER.CREATE.POSTROOM_IMPORT.mine.{COMPLETED}.{THEIRS}",
        f"$JS.API.CONSUMER.CREATE.POSTROOM_IMPORT.mine.{COMPLETED}.{OURS}",
        "$JS.API.CONSUMER.DURABLE.CREATE.POSTROOM_IMPORT.mine",
        "$JS.API.CONSUMER.LIST.POSTROOM_IMPORT",
        "$JS.API.CONSUMER.NAMES.POSTROOM_IMPORT",
    ],
)
async def test_a_program_has_no_way_into_jetstream_but_its_own_consumers(furnished: Any, way: str) -> None:
    program = await furnished.connect("ours")
    filters = (f"{COMPLETED}.{THEIRS}", f"{COMPLETED}.{OURS}", None)
    configs: list[dict[str, Any]] = [
        {"name": "mine", "durable_name": "mine", "ack_policy": "none", "filter_subject": f} for f in filters
    ]
    configs.append({"name": "mine", "ack_policy": "none", "filter_subjects": ["postroom.>"]})
    payloads = [json.dumps({"stream_name": "POSTROOM_IMPORT", "config": config}).encode() for config in configs]

    for payload in (b"", b'{"seq": 2}', *payloads):
        assert await refused(program, way, payload)


async def test_a_program_cannot_change_or_delete_its_own_consumer(furnished: Any) -> None:
    program = await furnished.connect("ours")
    consumer = furnished.ours.consumer
    wide = {"name": consumer, "durable_name": consumer, "ack_policy": "explicit", "filter_subject": "postroom.>"}
    request = json.dumps({"stream_name": "POSTROOM_IMPORT", "config": wide, "action": "update"}).encode()

    for subject in (
        f"$JS.API.CONSUMER.CREATE.POSTROOM_IMPORT.{consumer}",
        f"$JS.API.CONSUMER.CREATE.POSTROOM_IMPORT.{consumer}.postroom.>",
        f"$JS.API.CONSUMER.CREATE.POSTROOM_IMPORT.{consumer}.postroom.*.*.*.*.{OURS}",
        f"$JS.API.CONSUMER.DURABLE.CREATE.POSTROOM_IMPORT.{consumer}",
        f"$JS.API.CONSUMER.DELETE.POSTROOM_IMPORT.{consumer}",
        f"$JS.API.CONSUMER.PAUSE.POSTROOM_IMPORT.{consumer}",
        f"$JS.API.CONSUMER.RESET.POSTROOM_IMPORT.{consumer}",
    ):
        assert await refused(program, subject, request)
    assert await pulled(program, furnished.ours) == [b'{"ours": 1}', b'{"ours": 2}']


async def test_a_program_cannot_have_messages_delivered_onto_anybodys_subject(furnished: Any) -> None:
    """The reply subject of a pull request is not checked by permissions; the account is what holds it."""
    program, victim = await furnished.connect("ours"), await furnished.connect("directory")
    heard: list[str] = []

    async def on_message(message: Any) -> None:
        heard.append(message.subject)

    await victim.client.subscribe("postroom.live.*.directory.*", cb=on_message)
    await reach_server(victim.client)
    for target in (
        f"postroom.directory.address.changed.v1.{THEIRS}",
        live_subject(THEIRS, "directory", "1"),
        "_INBOX.directory.x",
        "$JS.API.STREAM.PURGE.POSTROOM_DIRECTORY",
    ):
        next_ = f"$JS.API.CONSUMER.MSG.NEXT.POSTROOM_IMPORT.{furnished.ours.consumer}"
        await program.client.publish(next_, b"1", reply=target)
    await reach_server(program.client)
    await victim.jetstream.publish(f"postroom.directory.address.changed.v1.{THEIRS}", b"the only one")

    stream = await victim.jetstream.stream_info("POSTROOM_DIRECTORY")
    assert stream.state.messages == 1
    assert heard == []


async def test_in_a_shared_account_a_pull_request_could_reach_anybodys_stream(servers_folder: Path) -> None:
    """Why organisations have accounts (docs/adr/0010): permissions do not look at where a pull request is answered."""
    owner, program = new_user_key(), new_user_key()
    rules = {"publish": ["$JS.API.CONSUMER.MSG.NEXT.POSTROOM_IMPORT.mine"], "subscribe": ["_INBOX.program.>"]}
    users = [{"nkey": owner.public_key}, {"nkey": program.public_key, "permissions": rules}]
    shared = f"authorization {{ users: {json.dumps(users)} }}"
    async with running_nats(servers_folder / "nats-shared", permissions=shared) as server:
        services = await connect(server.url, service="services", seed=owner.seed)
        outsider = await connect(server.url, service="program", seed=program.seed)
        for name in ("import", "directory"):
            await ensure_stream(services.jetstream, ServiceManifest(name=name, package="x", port_offset=0))
        await services.jetstream.publish(f"{COMPLETED}.{OURS}", b"ours")
        config = consumer_config("mine", ack_wait=timedelta(seconds=30), max_ack_pending=1)
        await ensure_consumer(services.jetstream, "POSTROOM_IMPORT", config)

        target = f"postroom.directory.address.changed.v1.{THEIRS}"
        await outsider.client.publish("$JS.API.CONSUMER.MSG.NEXT.POSTROOM_IMPORT.mine", b"1", reply=target)
        async with asyncio.timeout(5):
            while (await services.jetstream.stream_info("POSTROOM_DIRECTORY")).state.messages == 0:
                await asyncio.sleep(0.01)

        await asyncio.gather(services.close(), outsider.close())


async def test_a_program_can_publish_nothing(furnished: Any) -> None:
    program, publisher = await furnished.connect("ours"), await furnished.connect("import")

    for subject in (f"{COMPLETED}.{OURS}", f"{COMPLETED}.{THEIRS}", "postroom-work.import.job", "anything"):
        await program.client.publish(subject, b"{}")
        await reach_server(program.client)
        assert program.refusals.covers(subject)
    assert (await publisher.jetstream.stream_info("POSTROOM_IMPORT")).state.messages == 4


async def test_only_the_keeper_makes_consumers_for_programs_and_with_their_filter_only(
    furnished: Any,
) -> None:
    keeper, other = await furnished.connect("gateway"), await furnished.connect("logs")
    create = f"$JS.API.CONSUMER.CREATE.POSTROOM_IMPORT.{furnished.ours.consumer}"

    assert await refused(other, f"{create}.postroom.*.*.*.*.{OURS}")
    assert await refused(keeper, create)
    assert await refused(keeper, f"{create}.postroom.*.*.*.*.{THEIRS}")
    with pytest.raises(APIError):
        await keeper.jetstream.delete_consumer("POSTROOM_IMPORT", furnished.ours.consumer)
        await keeper.jetstream.delete_consumer("POSTROOM_IMPORT", furnished.ours.consumer)


async def test_a_program_that_was_forgotten_starts_at_the_oldest_event_when_it_is_made_again(
    furnished: Any,
) -> None:
    keeper, program = await furnished.connect("gateway"), await furnished.connect("ours")
    await pulled(program, furnished.ours)

    await forget_integrator(keeper.jetstream, furnished.ours, furnished.manifests.values())
    await forget_integrator(keeper.jetstream, furnished.ours, furnished.manifests.values())
    await ensure_integrator(keeper.jetstream, furnished.ours, furnished.manifests.values())
    await ensure_integrator(keeper.jetstream, furnished.ours, furnished.manifests.values())

    assert await pulled(program, furnished.ours) == [b'{"ours": 1}', b'{"ours": 2}']


async def test_a_reload_shuts_out_one_program_and_leaves_the_others_connected(furnished: Any) -> None:
    ours, theirs = await furnished.connect("ours"), await furnished.connect("theirs")
    publisher = await furnished.connect("import")

    furnished.nats.server.reload(furnished.block(furnished.theirs))
    async with asyncio.timeout(10):
        while ours.is_connected:
            await asyncio.sleep(0.01)

    assert publisher.is_connected
    assert await pulled(theirs, furnished.theirs) == [b'{"theirs": 1}', b'{"theirs": 2}']


async def test_a_program_of_a_new_organisation_gets_in_by_reloading_twice(furnished: Any) -> None:
    """nats-server 2.15 wires the service imports of an account that a reload brings only at the next reload."""
    new_key, organisation = new_user_key(), uuid7()
    program = Integrator(id=uuid7(), organisation_id=organisation, public_key=new_key.public_key)
    block = furnished.block(furnished.ours, furnished.theirs, program)
    keeper, publisher = await furnished.connect("gateway"), await furnished.connect("import")
    await publisher.jetstream.publish(f"{COMPLETED}.{organisation}", b"before")

    await _reload(furnished.nats, block)
    await _reload(furnished.nats, block)
    connection = await connect(furnished.nats.url, service="new", seed=new_key.seed)
    await ensure_integrator(keeper.jetstream, program, furnished.manifests.values())

    try:
        assert await pulled(connection, program) == [b"before"]
    finally:
        await connection.close()


async def _reload(server: TestNats, block: str) -> None:
    """Reload and wait until the server says that it has."""
    log = server.server.settings.folder / "nats.log"
    before = log.read_text().count("Reloaded server configuration")
    server.server.reload(block)
    async with asyncio.timeout(10):
        while log.read_text().count("Reloaded server configuration") == before:
            await asyncio.sleep(0.01)


def test_the_public_half_of_a_key_is_known_from_its_seed() -> None:
    key = new_user_key()

    assert public_key_of(key.seed) == key.public_key
    assert key.seed not in repr(key)
    with pytest.raises(ValueError, match="no nkey seed"):
        public_key_of("SUNOTASEED")

"""The JetStream streams and consumers of a service, created when missing and corrected when they differ."""

from datetime import timedelta
from typing import Any

from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, DiscardPolicy, RetentionPolicy, StorageType
from nats.js.api import StreamConfig as Stream
from nats.js.errors import BadRequestError, NotFoundError

from postroom_shared.manifest import ServiceManifest

RETENTION = timedelta(days=30)
DEAD_LETTERS_KEPT = timedelta(days=90)
DUPLICATE_WINDOW = timedelta(minutes=5)
MAX_MESSAGE_BYTES = 512 * 1024
WORKERS = "workers"
"""The one consumer of a work queue; each worker process pulls from it."""


async def ensure_stream(jetstream: JetStreamContext, manifest: ServiceManifest, *, replicas: int = 1) -> None:
    """Keep the events of a service for `RETENTION`, in files, on *replicas* nodes.

    Raises:
        nats.js.errors.APIError: The server refuses the configuration, for instance too few nodes.
    """
    await _ensure(
        jetstream,
        Stream(
            name=manifest.stream,
            subjects=[manifest.subjects],
            max_age=RETENTION.total_seconds(),
            num_replicas=replicas,
            **_common(),
        ),
    )


async def ensure_dead_letters(jetstream: JetStreamContext, *, service: str, replicas: int = 1) -> None:
    """Keep what the consumers of *service* gave up on (`postroom-dead.<service>.<consumer>`)."""
    await _ensure(
        jetstream,
        Stream(
            name=dead_letter_stream(service),
            subjects=[f"postroom-dead.{service}.>"],
            max_age=DEAD_LETTERS_KEPT.total_seconds(),
            num_replicas=replicas,
            **_common(),
        ),
    )


async def ensure_work_queue(
    jetstream: JetStreamContext,
    manifest: ServiceManifest,
    *,
    replicas: int = 1,
    ack_wait: timedelta = timedelta(seconds=30),
    max_ack_pending: int = 1000,
) -> None:
    """Have the queue of work `postroom-work.<name>.>` and its consumer `WORKERS`.

    A message is gone once a worker has acknowledged it; one that falls silent for *ack_wait* loses its message to
    another. Put ids into it, not state: the database says what is to be done.
    """
    await _ensure(
        jetstream,
        Stream(
            name=work_stream(manifest.name),
            subjects=[f"postroom-work.{manifest.name}.>"],
            retention=RetentionPolicy.WORK_QUEUE,
            num_replicas=replicas,
            **_common(),
        ),
    )
    await ensure_consumer(
        jetstream,
        work_stream(manifest.name),
        consumer_config(WORKERS, ack_wait=ack_wait, max_ack_pending=max_ack_pending),
    )


async def ensure_consumer(jetstream: JetStreamContext, stream: str, config: ConsumerConfig) -> None:
    """Have a durable pull consumer; one that exists keeps its place and where it began."""
    assert config.name is not None  # noqa: S101 - every caller names it
    try:
        present = (await jetstream.consumer_info(stream, config.name)).config
    except NotFoundError:
        await jetstream.add_consumer(stream, config)
        return
    wanted = ConsumerConfig.evolve(
        config,
        deliver_policy=present.deliver_policy,
        opt_start_seq=present.opt_start_seq,
        opt_start_time=present.opt_start_time,
    )
    if _differs(wanted, present):
        await jetstream.add_consumer(stream, wanted)


def consumer_config(
    name: str, *, ack_wait: timedelta, max_ack_pending: int, filter_subject: str | None = None
) -> ConsumerConfig:
    """Return a durable pull consumer that begins with the oldest message of its stream."""
    return ConsumerConfig(
        name=name,
        durable_name=name,
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ack_wait.total_seconds(),
        max_ack_pending=max_ack_pending,
        filter_subject=filter_subject,
    )


def work_stream(service: str) -> str:
    """Return the name of the stream of a work queue, `POSTROOM_WORK_IMPORT`."""
    return f"POSTROOM_WORK_{_upper(service)}"


def dead_letter_stream(service: str) -> str:
    """Return the name of the stream of dead letters, `POSTROOM_DEAD_IMPORT`."""
    return f"POSTROOM_DEAD_{_upper(service)}"


def _upper(service: str) -> str:
    return service.replace("-", "_").upper()


def _common() -> dict[str, Any]:
    return {
        "storage": StorageType.FILE,
        "discard": DiscardPolicy.OLD,
        "duplicate_window": DUPLICATE_WINDOW.total_seconds(),
        "max_msg_size": MAX_MESSAGE_BYTES,
    }


async def _ensure(jetstream: JetStreamContext, wanted: Stream) -> None:
    assert wanted.name is not None  # noqa: S101 - every caller names it
    try:
        present = (await jetstream.stream_info(wanted.name)).config
    except NotFoundError:
        await _create(jetstream, wanted)
        return
    if _differs(wanted, present):
        await jetstream.update_stream(_merged(present, wanted))


async def _create(jetstream: JetStreamContext, wanted: Stream) -> None:
    try:
        await jetstream.add_stream(wanted)
    except BadRequestError:
        # Another process was quicker, with other settings; ours may be newer.
        await jetstream.update_stream(wanted)


def _said(config: Any) -> dict[str, Any]:
    """Return the members that a configuration sets: the others are the server's or an operator's choice."""
    return {name: value for name, value in vars(config).items() if value not in (None, -1, False, 0)}


def _differs(wanted: Any, present: Any) -> bool:
    return any(getattr(present, name) != value for name, value in _said(wanted).items())


def _merged(present: Stream, wanted: Stream) -> Stream:
    return present.evolve(**_said(wanted))

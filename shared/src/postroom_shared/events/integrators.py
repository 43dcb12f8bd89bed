"""The durable consumers of organisations' programs: made for them, since whoever makes one chooses what it may read."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from nats.js import JetStreamContext
from nats.js.api import DeliverPolicy
from nats.js.errors import NotFoundError

from postroom_shared.events.permissions import Integrator, organisation_filter
from postroom_shared.events.streams import consumer_config, ensure_consumer
from postroom_shared.manifest import ServiceManifest

ACK_WAIT = timedelta(seconds=60)
MAX_UNACKNOWLEDGED = 1000


async def ensure_integrator(
    jetstream: JetStreamContext,
    program: Integrator,
    manifests: Iterable[ServiceManifest],
    *,
    since: datetime | None = None,
) -> None:
    """Have the program's consumer on the stream of each service; it keeps its place while the program is away.

    A consumer that exists stays where it is, whatever *since* says; to go back, `forget_integrator` first.

    Args:
        jetstream: The context of the service that keeps integrators' consumers.
        program: Whose consumers.
        manifests: The services whose events it may read.
        since: Where a new consumer begins; None for the oldest event that is kept.

    Raises:
        nats.js.errors.NotFoundError: A service has not created its stream yet.
    """
    for manifest in manifests:
        config = consumer_config(
            program.consumer,
            ack_wait=ACK_WAIT,
            max_ack_pending=MAX_UNACKNOWLEDGED,
            filter_subject=organisation_filter(program.organisation_id),
        )
        if since is not None:
            config = config.evolve(deliver_policy=DeliverPolicy.BY_START_TIME, opt_start_time=since)
        await ensure_consumer(jetstream, manifest.stream, config)


async def forget_integrator(
    jetstream: JetStreamContext, program: Integrator, manifests: Iterable[ServiceManifest]
) -> None:
    """Delete the program's consumers; what it has not read is not kept for it any more."""
    for manifest in manifests:
        try:
            await jetstream.delete_consumer(manifest.stream, program.consumer)
        except NotFoundError:
            continue

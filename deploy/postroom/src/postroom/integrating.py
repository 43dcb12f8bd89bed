"""`python -m postroom.integrating`: has the consumers of an organisation's program made on the services' streams.

In a child, since it takes the NATS client. Reads an `Order` as JSON from standard input.
"""

import asyncio
import contextlib
import json
import sys
import uuid
from dataclasses import dataclass
from typing import Any

from nats.errors import Error as NatsError

from postroom_shared.events.errors import NatsUnavailableError
from postroom_shared.events.integrators import ensure_integrator
from postroom_shared.events.nats_connection import NatsConnection
from postroom_shared.events.permissions import Integrator
from postroom_shared.manifest import ServiceManifest

WITHIN_S = 30.0
REQUEST_S = 1.0
PAUSE_S = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What the launcher asks for.

    Attributes:
        seed: Of the gateway, which keeps the consumers of organisations' programs.
        program: `id`, `organisation_id` and `public_key` of the program.
        manifests: Of the services whose events it may read.
    """

    url: str
    seed: str
    program: dict[str, str]
    manifests: list[dict[str, Any]]


async def _carry_out(order: Order) -> None:
    """Make the consumers; the permission to may come into force, and a stream into being, a moment later."""
    program = Integrator(
        id=uuid.UUID(order.program["id"]),
        organisation_id=uuid.UUID(order.program["organisation_id"]),
        public_key=order.program["public_key"],
    )
    manifests = [ServiceManifest(**{k: _frozen(v) for k, v in each.items()}) for each in order.manifests]
    async with asyncio.timeout(WITHIN_S):
        while True:
            connection = NatsConnection("gateway", seed=order.seed, request_s=REQUEST_S)
            try:
                with contextlib.suppress(NatsUnavailableError, NatsError, TimeoutError):
                    await connection.open(order.url, wait_s=WITHIN_S)
                    await ensure_integrator(connection.jetstream, program, manifests)
                    return
            finally:
                await connection.close()
            await asyncio.sleep(PAUSE_S)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


if __name__ == "__main__":
    asyncio.run(_carry_out(Order(**json.load(sys.stdin))))

"""Print each finished mailbox copy of your organisation, also those that finished while this program was away.

NATS_URL=nats://mail.example:4222 NATS_SEED_FILE=integrator.nk POSTROOM_INTEGRATOR=<its id> python subscribe_imports.py
"""

import asyncio
import json
import os

import nats


async def main() -> None:
    """Pull, handle, acknowledge; Postroom keeps the place (docs/events/asyncapi.yaml)."""
    connection = await nats.connect(os.environ["NATS_URL"], nkeys_seed=os.environ["NATS_SEED_FILE"])
    consumer = f"integrator-{os.environ['POSTROOM_INTEGRATOR']}"
    events = await connection.jetstream().pull_subscribe_bind(consumer, "POSTROOM_IMPORT")
    while True:
        try:
            messages = await events.fetch(batch=50, timeout=5)
        except nats.errors.TimeoutError:
            continue  # nothing new
        for message in messages:
            headers = message.headers or {}
            if headers["ce-type"] == "postroom.import.job.completed.v1":
                # The same event may come twice: remember ce-id where that matters.
                print(headers["ce-id"], headers["ce-time"], json.loads(message.data), flush=True)
            await message.ack()


if __name__ == "__main__":
    asyncio.run(main())

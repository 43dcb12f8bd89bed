"""Messages a consumer gave up on, kept with the reason.

Once the cause is mended, `outbox.republish` in the publisher brings them back: the consumer's inbox does not know them.
"""

import json
from typing import Any

from nats.aio.msg import Msg
from nats.js import JetStreamContext

from postroom_shared.errors import TYPE_PREFIX, ProblemError
from postroom_shared.events.streams import dead_letter_stream

PROBLEM_HEADER = "Postroom-Problem"


def dead_letter_subject(service: str, consumer: str) -> str:
    """Return where the dead letters of a consumer go."""
    return f"postroom-dead.{service}.{consumer}"


async def bury(jetstream: JetStreamContext, message: Msg, error: Exception, *, service: str, consumer: str) -> None:
    """Store *message* as it came, with the problem in a header, in the stream of dead letters.

    Raises:
        nats.errors.Error: It could not be stored; the message must not be terminated then.
    """
    metadata = message.metadata
    headers = {
        **(message.headers or {}),
        PROBLEM_HEADER: json.dumps(problem_of(error)),
        "Postroom-Original-Subject": message.subject,
        "Postroom-Original-Sequence": f"{metadata.stream}:{metadata.sequence.stream}",
        "Postroom-Tries": str(metadata.num_delivered),
        "Nats-Msg-Id": f"{consumer}:{metadata.stream}:{metadata.sequence.stream}",
    }
    await jetstream.publish(
        dead_letter_subject(service, consumer), message.data, stream=dead_letter_stream(service), headers=headers
    )


def problem_of(error: Exception) -> dict[str, Any]:
    """Return what may be kept of *error*: of an unforeseen one only its type, since its text may hold anything."""
    if isinstance(error, ProblemError):
        return {"type": error.type_uri(), "title": error.title, "detail": error.detail}
    return {"type": f"{TYPE_PREFIX}shared/unforeseen", "title": type(error).__name__, "detail": None}

"""A change that is asked for through a restart of the suite, and carried out once."""

import time
import uuid
from collections.abc import Callable
from typing import Any

from postroom.command_line.problems import slug_of
from postroom.public_api import ApiProblemError, ApiUnreachableError, PublicApi

TRIES = 8
PAUSE_S = 1.0
_OF_THE_GATEWAY = frozenset({"gateway/service-down", "gateway/service-busy", "gateway/bad-answer", "gateway/no-answer"})


def ask_once(
    api: PublicApi, path: str, body: Any, *, tries: int = TRIES, pause: Callable[[float], None] = time.sleep
) -> Any:
    """POST *body* and return the answer, asking again while the suite restarts; it is carried out once all the same.

    Args:
        api: Of the suite.
        path: From the root.
        body: Sent as JSON.
        tries: How often it is asked at most, a second apart.
        pause: Waits so many seconds.

    Raises:
        ApiProblemError: It was refused.
        ApiUnreachableError: There was no answer.
    """
    key = str(uuid.uuid4())
    for _ in range(tries - 1):
        try:
            return api.call("POST", path, body, idempotency_key=key)
        except ApiProblemError as problem:
            if slug_of(problem.type) not in _OF_THE_GATEWAY:
                raise
        except ApiUnreachableError:
            pass
        pause(PAUSE_S)
    return api.call("POST", path, body, idempotency_key=key)

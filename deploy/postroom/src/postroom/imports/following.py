"""A copy as it goes on: server-sent events while they come, else a look each second, through restarts of the suite."""

import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any

from postroom.command_line.problems import may_pass
from postroom.public_api import ApiProblemError, ApiUnreachableError, PublicApi


class State(StrEnum):
    """Where a copy is in its life, as the API document has it (`JobState`).

    The command line speaks to the API only and imports no service; `tests/contract` holds the two together.
    """

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


STILL_STATES = frozenset({State.PAUSED, State.COMPLETED, State.FAILED, State.CANCELLED})
"""In these nothing happens any more by itself."""
SILENCE_S = 20.0
"""The server sends a comment every 15 s; a proxy that keeps events back sends nothing."""
LOOK_AGAIN_S = 1.0
WITHOUT_EVENTS_S = 60.0
"""How long one only looks after a stream that brought nothing."""
PATIENCE_S = 600.0
"""How long the suite may be out of reach."""

LOST: None = None
"""Stands for a moment in which the suite did not answer."""


def is_still(copy: dict[str, Any]) -> bool:
    """Tell whether nothing happens to *copy* any more by itself."""
    return copy["state"] in STILL_STATES and copy["wish"] is None


def follow(
    api: PublicApi,
    copy_id: str,
    *,
    patience_s: float = PATIENCE_S,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[dict[str, Any] | None]:
    """Yield the copy now and at each change until it stands still; `LOST` whenever the suite does not answer.

    Args:
        api: Of the suite.
        copy_id: Of the copy.
        patience_s: How long the suite may be out of reach.
        clock: Seconds of a clock that only goes forward.
        pause: Waits so many seconds.

    Raises:
        ApiProblemError: The copy may not be seen any more, or the suite was out of order for too long.
        ApiUnreachableError: The suite was out of reach for too long.
    """
    path = f"/v1/imports/{copy_id}"
    answered_at, events_from = clock(), clock()
    while True:
        try:
            if clock() >= events_from:
                came = False
                for copy in _streamed(api, path):
                    came = True
                    yield copy
                    if is_still(copy):
                        return
                events_from = clock() if came else clock() + WITHOUT_EVENTS_S
            copy = api.call("GET", path)
            answered_at = clock()
            yield copy
            if is_still(copy):
                return
        except (ApiProblemError, ApiUnreachableError) as failure:
            refused = isinstance(failure, ApiProblemError) and not may_pass(failure)
            if refused or clock() - answered_at > patience_s:
                raise
            yield LOST
        pause(LOOK_AGAIN_S)


def _streamed(api: PublicApi, path: str) -> Iterator[dict[str, Any]]:
    for name, data in api.events(f"{path}/events", silence_s=SILENCE_S):
        if name == "progress":
            yield data

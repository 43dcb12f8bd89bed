"""`kill -9` of any process: the launcher starts it again, and the next request works."""

import asyncio
import os
import signal
from typing import Any

import pytest

from postroom.public_api import ApiProblemError, ApiUnreachableError

BACK_WITHIN_S = 60


async def _back(suite: Any, name: str, *, killed: int) -> None:
    async with asyncio.timeout(BACK_WITHIN_S):
        while True:
            status = await suite.launcher.json("status")
            process = next(each for each in status["processes"] if each["name"] == name)
            if process["pid"] not in {killed, None} and process["health"] == "ready":
                return
            await asyncio.sleep(0.2)


def _works(suite: Any) -> bool:
    """Tell whether a person signs in and sees the demo's copy; connections that the death broke may say 5xx once."""
    try:
        with suite.api("administrator") as api:
            return bool(list(api.items("/v1/imports")))
    except ApiUnreachableError:
        return False
    except ApiProblemError as refusal:
        if refusal.status < 500:
            raise
        return False


@pytest.mark.parametrize("name", ["postgres", "nats", "dovecot", "gateway", "directory", "import", "import-work"])
async def test_a_killed_process_comes_back_and_the_next_request_works(suite: Any, name: str) -> None:
    """Source: docs/promises.md#+import-survives."""
    killed = (await suite.launcher.pids())[name]

    os.kill(killed, signal.SIGKILL)
    await _back(suite, name, killed=killed)

    async with asyncio.timeout(BACK_WITHIN_S):
        while not await asyncio.to_thread(_works, suite):
            await asyncio.sleep(0.2)

"""`kill -9` of any process, and of all: the launcher starts it again, the next request works, nothing is lost."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from postroom_import.testkit.made_mailboxes import make_mailbox

BACK_WITHIN_S = 60


async def _all_ready(suite: Any, *, without: int) -> None:
    """Wait until every process says that it is ready, and none of them is *without*."""
    async with asyncio.timeout(BACK_WITHIN_S):
        while True:
            processes = (await suite.launcher.json("status"))["processes"]
            is_ready = all(each["health"] == "ready" for each in processes)
            if is_ready and without not in {each["pid"] for each in processes}:
                return
            await asyncio.sleep(0.2)


def _copies(suite: Any) -> list[str]:
    with suite.api("administrator") as api:
        return [each["id"] for each in api.items("/v1/imports")]


@pytest.mark.parametrize("name", ["postgres", "nats", "dovecot", "gateway", "directory", "import", "import-work"])
async def test_a_killed_process_comes_back_and_the_next_request_works(suite: Any, name: str) -> None:
    """Source: docs/promises.md#+import-survives."""
    killed = (await suite.launcher.pids())[name]

    os.kill(killed, signal.SIGKILL)
    await _all_ready(suite, without=killed)

    assert await asyncio.to_thread(_copies, suite)


@pytest_asyncio.fixture(loop_scope="session")
async def own_suite(start_suite: Any) -> AsyncIterator[Any]:
    """A suite of this test's own."""
    async with start_suite() as suite:
        yield suite


async def test_a_copy_goes_on_by_itself_after_everything_was_killed(own_suite: Any) -> None:
    """Source: docs/promises.md#+import-survives."""
    suite = own_suite
    mailbox = make_mailbox(77, messages=1500, largest=20_000)
    with suite.api("owner") as owner:
        source, target = suite.new_address(owner), suite.new_address(owner)
        await suite.fill(source["address"], mailbox)
        copy = await asyncio.to_thread(suite.ask, owner, suite.local(source), target)
        path = f"/v1/imports/{copy['id']}"
        while owner.call("GET", path)["progress"]["messages_done"] == 0:
            await asyncio.sleep(0.02)
        before = owner.call("GET", path)

    await suite.launcher.kill_all()
    await suite.up()

    with suite.api("owner") as owner:
        async with asyncio.timeout(120):
            while (state := owner.call("GET", path))["state"] != "completed":
                assert state["state"] != "failed", state
                await asyncio.sleep(0.2)
    assert before["state"] == "running"
    assert before["progress"]["messages_done"] < mailbox.messages
    for address in (source, target):
        await suite.delete_confirmation(address["address"])
    there, copied = await suite.look(source["address"]), await suite.look(target["address"])
    for name, folder in there.items():
        digests = [message.digest for message in copied[name].messages]
        assert len(digests) == len(set(digests)), name
        assert set(digests) == {message.digest for message in folder.messages}, name

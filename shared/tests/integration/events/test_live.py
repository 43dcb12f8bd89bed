"""Progress over core NATS."""

import asyncio
from collections.abc import Mapping
from itertools import pairwise
from time import monotonic
from typing import Any

import pytest

from postroom_shared.events.live import PENDING_MESSAGES, LiveThrottle, publish_live, subscribe_live
from postroom_shared.events.nats_connection import reach_server
from postroom_shared.values import uuid7

ORGANISATION = uuid7()


async def test_what_is_published_inside_the_block_is_received_in_order(open_nats: Any) -> None:
    sender, listener, job = await open_nats("import"), await open_nats("gateway"), uuid7()

    async with subscribe_live(listener.client, ORGANISATION, "import", job) as updates:
        for number in range(3):
            await publish_live(sender.client, ORGANISATION, "import", job, {"copied": number})
        received = [await anext(updates) for _ in range(3)]

    assert received == [{"copied": 0}, {"copied": 1}, {"copied": 2}]


async def test_only_the_thing_of_the_organisation_is_heard(open_nats: Any) -> None:
    connection, job = await open_nats("import"), uuid7()

    async with subscribe_live(connection.client, ORGANISATION, "import", job) as updates:
        await publish_live(connection.client, uuid7(), "import", job, {"whose": "another organisation's"})
        await publish_live(connection.client, ORGANISATION, "import", uuid7(), {"whose": "another job's"})
        await publish_live(connection.client, ORGANISATION, "import", job, {"whose": "ours"})

        assert await anext(updates) == {"whose": "ours"}


async def test_the_subscription_ends_with_the_block(open_nats: Any) -> None:
    connection, job = await open_nats("import"), uuid7()

    with pytest.raises(ZeroDivisionError):
        async with subscribe_live(connection.client, ORGANISATION, "import", job):
            raise ZeroDivisionError

    await publish_live(connection.client, ORGANISATION, "import", job, {})
    await reach_server(connection.client)


async def test_the_iterator_ends_when_the_connection_is_closed(open_nats: Any) -> None:
    connection = await open_nats("import")

    async with asyncio.timeout(5):
        async with subscribe_live(connection.client, ORGANISATION, "import", "1") as updates:
            await connection.close()
            assert [update async for update in updates] == []


async def test_a_slow_listener_loses_the_oldest_and_never_the_latest(open_nats: Any) -> None:
    connection = await open_nats("import")
    last = PENDING_MESSAGES + 50

    async with subscribe_live(connection.client, ORGANISATION, "import", "1") as updates:
        for number in range(last + 1):
            await publish_live(connection.client, ORGANISATION, "import", "1", {"n": number})
        await reach_server(connection.client)
        received = [(await anext(updates))["n"] for _ in range(PENDING_MESSAGES)]

    assert received == list(range(last - PENDING_MESSAGES + 1, last + 1))


async def test_nobody_is_told_while_nats_is_away(open_nats: Any, nats: Any) -> None:
    connection = await open_nats("import")
    await nats.server.stop()

    await publish_live(connection.client, ORGANISATION, "import", "1", {"copied": 1})

    await nats.server.start()


async def test_a_throttle_sends_at_most_four_a_second_and_always_the_last_value() -> None:
    sent: list[tuple[float, int]] = []

    async def send(value: Mapping[str, Any]) -> None:
        sent.append((monotonic(), value["n"]))

    async with LiveThrottle(send) as throttle:
        for number in range(200):
            throttle.offer({"n": number})
            await asyncio.sleep(0.003)

    assert sent[0][1] == 0
    assert sent[-1][1] == 199
    assert all(later - earlier >= 0.24 for (earlier, _), (later, _) in pairwise(sent))
    assert [n for _, n in sent] == sorted({n for _, n in sent})


async def test_a_throttle_sends_a_single_value_at_once() -> None:
    sent = asyncio.Event()

    async def send(_value: Mapping[str, Any]) -> None:
        sent.set()

    async with LiveThrottle(send) as throttle:
        throttle.offer({"n": 1})
        await asyncio.wait_for(sent.wait(), 0.2)


async def test_a_throttle_that_was_offered_nothing_sends_nothing() -> None:
    sent: list[Mapping[str, Any]] = []

    async def send(value: Mapping[str, Any]) -> None:
        sent.append(value)

    async with asyncio.timeout(0.2):
        async with LiveThrottle(send):
            pass

    assert sent == []

"""A service that is away, slow, or dies: every request gets one answer in time, and the next one works."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

Start = Callable[..., Awaitable[Any]]


async def test_a_service_that_is_down_is_a_problem_and_soon_a_quick_one(start_gateway: Start) -> None:
    gateway = await start_gateway(
        upstreams={"directory": "http://127.0.0.1:9"}, connect_patience_s=0.3, breaker_failures=2
    )

    async with gateway.client() as client:
        answers = [await client.get("/v1/people/x") for _ in range(2)]
        started = time.monotonic()
        answers.append(await client.get("/v1/people/x"))

    assert time.monotonic() - started < 0.2
    for answer in answers:
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "urn:postroom:problem:gateway/service-down"
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_a_service_that_restarts_is_not_noticed(start_gateway: Start, start_peer: Start) -> None:
    peer = await start_peer()
    gateway = await start_gateway(upstreams={"directory": peer.url}, connect_patience_s=10)
    async with gateway.client() as client:
        assert (await client.get("/v1/people/status/200")).status_code == 200
        peer.process.send_signal(signal.SIGKILL)
        await peer.process.wait()

        waiting = asyncio.create_task(client.post("/v1/people/upload", content=b"abc"))
        await start_peer(port=peer.port)

        assert (await waiting).json()["bytes"] == 3


async def test_a_service_that_dies_in_the_middle_of_an_answer_leaves_it_visibly_incomplete(
    start_gateway: Start, start_peer: Start
) -> None:
    peer = await start_peer()
    gateway = await start_gateway(upstreams={"directory": peer.url}, connect_patience_s=10)
    async with gateway.client() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/v1/people/die")
        await start_peer(port=peer.port)

        assert (await client.get("/v1/people/status/200")).status_code == 200


async def test_a_stale_connection_is_replaced_for_a_request_that_may_be_repeated(
    start_gateway: Start, start_peer: Start
) -> None:
    peer = await start_peer()
    gateway = await start_gateway(upstreams={"directory": peer.url}, connect_patience_s=10)
    async with gateway.client() as client:
        await client.get("/v1/people/status/200")
        peer.process.send_signal(signal.SIGKILL)
        await peer.process.wait()
        await start_peer(port=peer.port)

        assert (await client.get("/v1/people/status/200")).status_code == 200


async def test_an_answer_that_does_not_begin_in_time_is_a_504(start_gateway: Start, peer: Any) -> None:
    gateway = await start_gateway(
        upstreams={"directory": peer.url}, answer_timeout_s=0.3, connect_timeout_s=0.1, connect_patience_s=0.1
    )

    async with gateway.client() as client:
        answer = await client.get("/v1/people/slow?seconds=5")

    assert answer.status_code == 504
    assert answer.json()["type"] == "urn:postroom:problem:gateway/no-answer"


async def test_an_answer_that_stops_in_the_middle_is_given_up(start_gateway: Start, peer: Any) -> None:
    gateway = await start_gateway(upstreams={"directory": peer.url}, idle_timeout_s=0.5)

    async with gateway.client() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/v1/people/events?count=2&gap_s=5")


async def test_a_body_that_stops_arriving_is_a_408(start_gateway: Start, peer: Any) -> None:
    gateway = await start_gateway(upstreams={"directory": peer.url}, idle_timeout_s=0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(b"POST /v1/people/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")

    async with asyncio.timeout(5):
        head = await reader.readuntil(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 408")
    writer.close()


async def test_a_service_gets_no_more_requests_at_once_than_it_takes(start_gateway: Start, peer: Any) -> None:
    gateway = await start_gateway(upstreams={"directory": peer.url}, max_concurrent_requests=2)

    async with gateway.client() as client:
        answers = await asyncio.gather(*(client.get("/v1/people/slow?seconds=0.5") for _ in range(4)))
        after = await client.get("/v1/people/status/200")

    assert sorted(answer.status_code for answer in answers) == [200, 200, 503, 503]
    assert after.status_code == 200


async def test_a_stop_finishes_what_is_in_hand_and_ends_streams(start_gateway: Start, peer: Any) -> None:
    gateway = await start_gateway(upstreams={"directory": peer.url}, drain_delay_s=0.3)
    async with gateway.client() as client, client.stream("GET", "/v1/people/events?count=200&gap_s=0.1") as stream:
        chunks = stream.aiter_raw()
        await anext(chunks)
        in_hand = asyncio.create_task(client.get("/v1/people/slow?seconds=1"))
        await asyncio.sleep(0.1)

        gateway.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.1)
        ready = await client.get("/readyz")
        async for _ in chunks:
            pass

        assert ready.status_code == 503
        assert (await in_hand).json() == {"slept": True}
    async with asyncio.timeout(5):
        # uvicorn ends with the signal that stopped it.
        assert await gateway.process.wait() in {0, -signal.SIGTERM}

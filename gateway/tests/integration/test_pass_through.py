"""What a reverse proxy must not change, on real sockets (RFC 9110 §7.6, RFC 9112)."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

MEBIBYTE = 1 << 20


async def raw_exchange(port: int, request: bytes, *, answers: int = 1) -> bytes:
    """Send octets, return what comes back until the peer closes or *answers* status lines are there."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    received = b""
    async with asyncio.timeout(10):
        while received.count(b"HTTP/1.1 ") < answers or not received.endswith((b"}", b"\r\n\r\n", b".")):
            chunk = await reader.read(4096)
            if not chunk:
                break
            received += chunk
    writer.close()
    return received


async def eventually(probe: Any, *, timeout_s: float = 3.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not await probe():
            await asyncio.sleep(0.02)


async def seen(client: httpx.AsyncClient, counter: str) -> int:
    return int((await client.get("/v1/people/counters")).json()[counter])


async def test_method_path_query_and_body_arrive_as_they_were_sent(client: httpx.AsyncClient) -> None:
    answer = await client.request("PATCH", "/v1/people/caf%C3%A9%20bar?a=1&a=%2F2&b", content=b"h\xe9llo")

    echoed = answer.json()
    assert (echoed["method"], echoed["path"]) == ("PATCH", "/v1/people/caf%C3%A9%20bar")
    assert echoed["query"] == "a=1&a=%2F2&b"
    assert echoed["body"] == "h\xe9llo"


async def test_hop_by_hop_fields_and_those_connection_names_are_dropped_in_both_directions(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get(
        "/v1/people/x",
        headers=[
            ("Connection", "X-Secret, keep-alive"),
            ("X-Secret", "1"),
            ("TE", "trailers"),
            ("Proxy-Authorization", "Basic x"),
            ("Keep-Alive", "timeout=5"),
            ("X-Kept", "1"),
            ("X-Kept", "2"),
        ],
    )

    arrived = [name for name, _ in answer.json()["headers"]]
    assert not {"x-secret", "te", "proxy-authorization", "keep-alive"} & set(arrived)
    assert arrived.count("x-kept") == 2
    assert "x-internal" not in answer.headers
    assert answer.headers.get("server") != "peer"
    assert "access-control-allow-origin" not in answer.headers


async def test_every_set_cookie_stays_a_field_of_its_own(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/people/x")

    assert answer.headers.get_list("set-cookie") == ["a=1; Path=/", "b=2; Path=/"]


async def test_what_a_client_claims_of_itself_is_replaced(client: httpx.AsyncClient) -> None:
    answer = await client.get(
        "/v1/people/x",
        headers={
            "X-Forwarded-For": "6.6.6.6",
            "X-Forwarded-Host": "evil.example",
            "Forwarded": "for=6.6.6.6",
            "X-Real-IP": "6.6.6.6",
            "X-Request-Id": "mine",
            "Traceparent": "00-11111111111111111111111111111111-2222222222222222-01",
            "X-Remote-User": "root",
            "Cookie": "postroom_session=guess; other=1",
        },
    )

    fields = dict(answer.json()["headers"])
    assert fields["x-forwarded-for"] == "127.0.0.1"
    assert fields["x-forwarded-host"] == f"127.0.0.1:{client.base_url.port}"
    assert fields["x-forwarded-proto"] == "http"
    assert fields["x-request-id"] == answer.headers["x-request-id"] != "mine"
    assert fields["x-request-id"] in fields["traceparent"]
    assert "1111" not in fields["traceparent"]
    assert not {"forwarded", "x-real-ip", "x-remote-user", "cookie", "authorization"} & set(fields)


async def test_a_large_upload_arrives_whole_and_is_not_held(client: httpx.AsyncClient, gateway: Any) -> None:
    block, digest = os.urandom(MEBIBYTE), hashlib.sha256()
    before, peak = gateway.memory_mb, 0.0

    async def body() -> AsyncIterator[bytes]:
        nonlocal peak
        for _ in range(100):
            digest.update(block)
            yield block
            peak = max(peak, gateway.memory_mb)

    answer = await client.post("/v1/people/upload", content=body())

    assert answer.json() == {"bytes": 100 * MEBIBYTE, "sha256": digest.hexdigest()}
    assert peak - before < 30


async def test_a_large_download_arrives_whole_and_is_not_held(client: httpx.AsyncClient, gateway: Any) -> None:
    before, peak, size = gateway.memory_mb, 0.0, 0

    async with client.stream("GET", "/v1/people/download/200") as answer:
        async for chunk in answer.aiter_raw():
            size += len(chunk)
            peak = max(peak, gateway.memory_mb) if size % (16 * MEBIBYTE) < len(chunk) else peak

    assert size == 200 * MEBIBYTE
    assert peak - before < 30


async def test_a_slow_reader_does_not_make_the_gateway_hold_the_answer(gateway: Any) -> None:
    before = gateway.memory_mb
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port, limit=1 << 14)
    writer.write(b"GET /v1/people/download/300 HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.read(1000)

    await asyncio.sleep(2)

    assert gateway.memory_mb - before < 30
    writer.close()


async def test_events_arrive_one_by_one(client: httpx.AsyncClient) -> None:
    clock, arrivals = asyncio.get_running_loop().time, list[float]()
    started = clock()

    async with client.stream("GET", "/v1/people/events?count=5&gap_s=0.2") as answer:
        arrivals += [clock() - started async for _ in answer.aiter_raw()]

    assert arrivals[0] < 0.19
    assert arrivals[-1] > 0.7
    assert len(arrivals) >= 5


async def test_a_client_that_leaves_a_stream_is_noticed_behind_the_gateway(
    client: httpx.AsyncClient, gateway: Any
) -> None:
    before = await seen(client, "cancelled")
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(b"GET /v1/people/events?count=500&gap_s=0.05 HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.read(300)

    writer.close()

    await eventually(lambda: _more(client, "cancelled", before))


async def test_a_client_that_does_not_wait_for_the_answer_is_noticed_behind_the_gateway(
    client: httpx.AsyncClient, gateway: Any
) -> None:
    before = await seen(client, "cancelled")
    _, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(b"GET /v1/people/slow?seconds=20 HTTP/1.1\r\nHost: x\r\n\r\n")
    await asyncio.sleep(0.3)

    writer.close()

    await eventually(lambda: _more(client, "cancelled", before))


async def _more(client: httpx.AsyncClient, counter: str, before: int) -> bool:
    return await seen(client, counter) > before


@pytest.mark.parametrize("status", [200, 204, 304, 404, 500])
async def test_statuses_pass(client: httpx.AsyncClient, status: int) -> None:
    answer = await client.get(f"/v1/people/status/{status}")

    assert (answer.status_code, answer.headers["etag"]) == (status, '"3"')


async def test_head_has_the_length_and_no_body(client: httpx.AsyncClient) -> None:
    answer = await client.head("/v1/people/x")

    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) > 0
    assert answer.content == b""


async def test_a_client_that_expects_100_continue_is_told_to_go_on(gateway: Any) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(b"POST /v1/people/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
    async with asyncio.timeout(5):
        interim = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"abc")
        final = await reader.readuntil(b"\r\n\r\n")

    assert b" 100 " in interim
    assert b" 200 " in final
    writer.close()


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        b"Content-Length: 4\r\nContent-Length: 5\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Content-Length: +4\r\n",
    ],
)
async def test_ambiguous_framing_smuggles_no_second_request(
    gateway: Any, client: httpx.AsyncClient, framing: bytes
) -> None:
    before = await seen(client, "posts")
    request = b"POST /v1/people/a HTTP/1.1\r\nHost: x\r\n" + framing + b"\r\n0\r\n\r\n"

    received = await raw_exchange(gateway.port, request + b"POST /v1/people/smuggled HTTP/1.1\r\nHost: x\r\n\r\n")

    assert received.startswith(b"HTTP/1.1 400")
    assert await seen(client, "posts") == before


async def test_pipelined_requests_are_answered_in_order(gateway: Any) -> None:
    requests = b"".join(b"GET /v1/people/status/%d HTTP/1.1\r\nHost: x\r\n\r\n" % code for code in (200, 404, 500))

    received = await raw_exchange(gateway.port, requests, answers=3)

    lines = [line for line in received.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    assert [line.split()[1] for line in lines] == [b"200", b"404", b"500"]


async def test_an_answer_before_the_end_of_the_upload_passes(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/people/refuse-upload", content=b"x" * (4 * MEBIBYTE))

    assert answer.status_code == 413
    assert (await client.get("/v1/people/status/200")).status_code == 200


async def test_a_websocket_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get(
        "/v1/people/x",
        headers={
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        },
    )

    assert answer.status_code == 501
    assert answer.json()["type"] == "urn:postroom:problem:gateway/no-websocket"

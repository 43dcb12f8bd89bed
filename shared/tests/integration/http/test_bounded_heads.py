"""A client that sends a head without end, or none, is let go; others are served."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI, Request

from postroom_shared.http import bounded_heads
from postroom_shared.http.bounded_heads import MAX_HEAD_BYTES, BoundedHeadsProtocol
from postroom_shared.localservers.ports import LOOPBACK, free_port


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def port() -> AsyncIterator[int]:
    app = FastAPI()

    @app.post("/")
    async def length(request: Request) -> int:
        return len(await request.body())

    config = uvicorn.Config(
        app, host=LOOPBACK, port=free_port(), http=BoundedHeadsProtocol, log_config=None, lifespan="off"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    yield config.port
    server.should_exit = True
    await serving


async def _said(port: int, *pieces: bytes) -> bytes:
    """Send *pieces* until the server closes, and return what it said."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)

    async def send() -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    sending = asyncio.create_task(send())
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        await asyncio.gather(sending, return_exceptions=True)
        writer.close()


@pytest.mark.parametrize(
    "pieces",
    [
        (b"POST / HTTP/1.1\r\nhost: x\r\n", *[b"x-more: " + b"y" * 1000 + b"\r\n"] * 80),
        (b"POST / HTTP/1.1\r\nhost: x\r\nx-long: ", *[b"y" * 1000] * 80),
        (b"POST /", *[b"y" * 1000] * 80),
    ],
    ids=["many fields", "one field", "the path"],
)
async def test_a_head_without_end_is_refused(port: int, pieces: tuple[bytes, ...]) -> None:
    assert (await _said(port, *pieces)).startswith(b"HTTP/1.1 431 ")


async def test_a_body_may_be_larger_than_a_head_and_the_next_request_counts_anew(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nhost: x\r\nx-long: " + b"y" * 40_000 + b"\r\ncontent-length: 200000\r\n"
    body = b"z" * 200_000

    said = await _said(port, head + b"\r\n" + body, head + b"connection: close\r\n\r\n" + body)

    assert said.count(b"HTTP/1.1 200 OK") == 2
    assert len(head) * 2 > MAX_HEAD_BYTES


@pytest.mark.parametrize("begin", [b"", b"POST / HTTP/1.1\r\nhost: x\r\n"], ids=["silent", "unfinished"])
async def test_a_client_that_does_not_get_to_the_end_of_a_head_is_let_go(
    port: int, begin: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_heads, "HEAD_WITHIN_S", 0.2)

    said: Any = await _said(port, begin)

    assert said.startswith(b"HTTP/1.1 408 ")

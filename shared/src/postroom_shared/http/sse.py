"""Server-sent events (WHATWG HTML, 9.2), with a comment every 15 seconds: dead connections are noticed."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any

from starlette.responses import StreamingResponse

from postroom_shared.http.json import dump_json

HEARTBEAT_S = 15
EVENT_STREAM: dict[str, Any] = {
    "description": "Server-sent events; the data of each is JSON.",
    "content": {
        "text/event-stream": {
            "schema": {
                "type": "object",
                "description": "One event of the stream.",
                "required": ["event", "data"],
                "properties": {
                    "event": {"type": "string"},
                    "data": {"type": "string", "contentMediaType": "application/json"},
                },
            }
        }
    },
}
"""The `responses=` of a route's 200 that is a stream of `sse_event`s."""
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def sse_event(name: str, data: Mapping[str, Any]) -> bytes:
    """Return one event on the wire."""
    return b"event: " + name.encode() + b"\ndata: " + dump_json(data) + b"\n\n"


async def _with_heartbeat(events: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    pending = asyncio.ensure_future(anext(events, None))
    try:
        while True:
            done, _ = await asyncio.wait({pending}, timeout=HEARTBEAT_S)
            if not done:
                yield b":\n\n"
                continue
            event = pending.result()
            if event is None:
                return
            yield event
            pending = asyncio.ensure_future(anext(events, None))
    finally:
        pending.cancel()
        await asyncio.wait({pending})
        await events.aclose()


def sse_response(events: AsyncGenerator[bytes]) -> StreamingResponse:
    """Return a stream of *events*; it ends when they end or the client goes away."""
    return StreamingResponse(_with_heartbeat(events), media_type="text/event-stream", headers=_HEADERS)

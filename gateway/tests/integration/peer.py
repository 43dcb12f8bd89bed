"""A service behind the gateway, made for tests: it says what it received and misbehaves on demand. Run by uvicorn."""

import asyncio
import hashlib
import os
import signal
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

BLOCK = b"postroom" * 8192
seen = {"cancelled": 0, "streams": 0, "posts": 0}


async def echo(request: Request) -> Response:
    """Tell method, path, query and header fields, in order and with repetitions."""
    seen["posts"] += request.method == "POST"
    fields = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in request.scope["headers"]]
    response = JSONResponse(
        {
            "method": request.method,
            "path": request.scope["raw_path"].decode(),
            "query": request.scope["query_string"].decode(),
            "headers": fields,
            "body": (await request.body()).decode("latin-1"),
        }
    )
    response.raw_headers += [
        (b"set-cookie", b"a=1; Path=/"),
        (b"set-cookie", b"b=2; Path=/"),
        (b"connection", b"x-internal"),
        (b"x-internal", b"secret"),
        (b"server", b"peer"),
        (b"access-control-allow-origin", b"*"),
    ]
    return response


async def upload(request: Request) -> Response:
    """Return size and digest of the body, read as it arrives."""
    digest, size = hashlib.sha256(), 0
    async for chunk in request.stream():
        digest.update(chunk)
        size += len(chunk)
    return JSONResponse({"bytes": size, "sha256": digest.hexdigest()})


async def refuse_upload(_request: Request) -> Response:
    """Answer without reading the body."""
    return JSONResponse({"title": "No"}, status_code=413)


async def download(request: Request) -> Response:
    """Send as many MiB as asked for."""

    async def blocks() -> AsyncIterator[bytes]:
        for _ in range(int(request.path_params["mebibytes"]) * 16):
            yield BLOCK

    return StreamingResponse(blocks(), media_type="application/octet-stream")


async def events(request: Request) -> Response:
    """Send numbered events; note when the client goes away."""

    async def stream() -> AsyncIterator[bytes]:
        seen["streams"] += 1
        try:
            for number in range(int(request.query_params.get("count", "5"))):
                yield b"id: %d\ndata: %d\n\n" % (number, number)
                await asyncio.sleep(float(request.query_params.get("gap_s", "0.1")))
        except asyncio.CancelledError:
            seen["cancelled"] += 1
            raise

    return StreamingResponse(stream(), media_type="text/event-stream")


async def slow(request: Request) -> Response:
    """Answer after a while; note when the client does not wait for it."""

    async def left() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    leaving = asyncio.create_task(left())
    await asyncio.wait({leaving}, timeout=float(request.query_params["seconds"]))
    seen["cancelled"] += leaving.done()
    leaving.cancel()
    return JSONResponse({"slept": True})


async def status(request: Request) -> Response:
    """Answer with the status asked for, without a body."""
    return Response(status_code=int(request.path_params["status"]), headers={"ETag": '"3"'})


async def die(_request: Request) -> Response:
    """Die in the middle of an answer that was announced as longer."""

    async def half() -> AsyncIterator[bytes]:
        yield b"x" * 1000
        await asyncio.sleep(0.1)
        os.kill(os.getpid(), signal.SIGKILL)
        yield b""

    return StreamingResponse(half(), headers={"Content-Length": "2000"})


async def counters(_request: Request) -> Response:
    """Tell what was seen."""
    return JSONResponse(seen)


async def describe(_request: Request) -> Response:
    """Return an OpenAPI document as a service of the suite gives it."""
    operation = {
        "operationId": "getPerson",
        "tags": ["People"],
        "parameters": [{"name": "person_id", "in": "path", "required": True, "schema": {"type": "string"}}],
        "responses": {"200": {"description": "The person."}},
        "security": [{"token": []}],
    }
    internal = {"operationId": "internalThing", "responses": {"200": {"description": "Not public."}}}
    return JSONResponse(
        {
            "openapi": "3.1.0",
            "info": {"title": "Peer", "version": "0"},
            "paths": {
                "/v1/people/{person_id}": {"get": operation},
                "/internal/v1/anything": {"get": internal},
            },
        }
    )


BOTH = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
app = Starlette(
    routes=[
        Route("/v1/people/upload", upload, methods=["POST", "PUT"]),
        Route("/v1/people/refuse-upload", refuse_upload, methods=["POST"]),
        Route("/v1/people/download/{mebibytes}", download),
        Route("/v1/people/events", events),
        Route("/v1/people/slow", slow),
        Route("/v1/people/status/{status}", status),
        Route("/v1/people/die", die),
        Route("/v1/people/counters", counters),
        Route("/internal/secret", echo),
        Route("/internal/openapi.json", describe),
        Route("/v1/{rest:path}", echo, methods=BOTH),
    ]
)

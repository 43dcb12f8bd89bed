"""Peers that are no IMAP servers, or hostile ones."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def answering_peer(greeting: bytes, *, then: bytes = b"") -> AsyncIterator[int]:
    """Listen on loopback while the body runs; say *greeting* to whoever connects, *then* to what they say.

    Yields:
        The port.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(greeting)
            if then and await reader.read(1024):
                writer.write(then)
            await reader.read()
        except OSError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]

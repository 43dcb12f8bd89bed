"""A proxy before a real IMAP server that refuses messages of one size, as servers with a limit do."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

# What lets a client send literals without being asked: without it each APPEND is one line, then waits for "+".
_HIDDEN = re.compile(rb" (?:MULTIAPPEND|LITERAL[+-])")
_APPEND = re.compile(rb"(?P<tag>\S+) APPEND .*\{(?P<size>\d+)\}\r\n", re.DOTALL)


class _Refusing:
    def __init__(self, host: str, port: int, too_big: int) -> None:
        self._place = host, port
        self._too_big = too_big

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server_reader, server_writer = await asyncio.open_connection(*self._place)
        except OSError:
            writer.close()
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(self._to_server(reader, server_writer, writer))
            group.create_task(self._to_client(server_reader, writer))

    async def _to_server(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: asyncio.StreamWriter
    ) -> None:
        try:
            while data := await reader.read(1 << 16):
                found = _APPEND.fullmatch(data)
                if found is not None and int(found["size"]) == self._too_big:
                    client.write(found["tag"] + b" NO [TOOBIG] Message is larger than we take\r\n")
                else:
                    writer.write(data)
                    await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def _to_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1 << 16):
                writer.write(_HIDDEN.sub(b"", data))
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def refusing_proxy(host: str, port: int, *, too_big: int) -> AsyncIterator[int]:
    """Stand before the server at *host* and *port* while the body runs; refuse messages of *too_big* octets.

    Yields:
        The port on loopback.
    """
    server = await asyncio.start_server(_Refusing(host, port, too_big).serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]

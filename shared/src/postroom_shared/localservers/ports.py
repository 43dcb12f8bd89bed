"""Ports on the loopback interface."""

import asyncio
import socket
from collections.abc import Mapping

from postroom_shared.localservers.errors import PortInUseError
from postroom_shared.localservers.process import Probe

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """Return a port nobody listens on just now."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Return *count* different ports nobody listens on just now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


def require_free(wanted: Mapping[str, int]) -> None:
    """Raise `PortInUseError` for the first port of *wanted* (name -> port) that cannot be bound."""
    for name, port in wanted.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError as error:
                raise PortInUseError(port, name) from error


def listens(port: int) -> Probe:
    """Return a probe that is True once something accepts connections on *port*."""

    async def probe() -> bool:
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
        return True

    return probe


def answers_http(port: int, path: str) -> Probe:
    """Return a probe that is True once `GET path` on *port* is answered with 200."""

    async def probe() -> bool:
        return await http_status(port, path) == 200

    return probe


async def http_status(port: int, path: str, *, timeout_s: float = 5.0) -> int | None:
    """Return the status of `GET path` on *port*, None when nobody answers in time."""
    words = (await _get(port, path, timeout_s)).partition(b"\r\n")[0].split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else None


async def http_body(port: int, path: str, *, timeout_s: float = 5.0) -> bytes:
    """Return the body that `GET path` on *port* answers, nothing when nobody answers in time."""
    return (await _get(port, path, timeout_s)).partition(b"\r\n\r\n")[2]


async def _get(port: int, path: str, timeout_s: float) -> bytes:
    """Ask in HTTP/1.0, so that the answer is neither chunked nor kept open (RFC 1945)."""
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            try:
                writer.write(f"GET {path} HTTP/1.0\r\nHost: {LOOPBACK}:{port}\r\n\r\n".encode())
                return await reader.read()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return b""

"""A DNS server that first names a harmless address and then an inner one does not lead a connection there."""

import asyncio
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import cast

import pytest
from typing_extensions import override

from postroom_shared.security.dialling import Dialler, HostRefusedError, HostUnreachableError


class FickleNameServer(asyncio.DatagramProtocol):
    """A DNS server (RFC 1035) that gives its answers one after the other, with a time to live of zero."""

    def __init__(self, answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked.append(_name_in(data))
        address = IPv4Address(self.answers[min(len(self.asked), len(self.answers)) - 1])
        record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 0, 4) + address.packed
        answer = data[:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0) + data[12:] + record
        self.transport.sendto(answer, addr)


class _Question(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.answer.set_result(data)


@dataclass
class NameService:
    """The fickle server and a resolver that asks it over UDP."""

    server: FickleNameServer
    address: tuple[str, int]

    async def resolve(self, host: str, _port: int) -> Sequence[str]:
        name = b"".join(bytes([len(label)]) + label for label in host.rstrip(".").encode().split(b".")) + b"\0"
        query = b"id" + struct.pack("!HHHHH", 0x0100, 1, 0, 0, 0) + name + struct.pack("!HH", 1, 1)
        loop = asyncio.get_running_loop()
        transport, question = await loop.create_datagram_endpoint(_Question, remote_addr=self.address)
        transport.sendto(query)
        try:
            answer = await question.answer
        finally:
            transport.close()
        return [str(IPv4Address(answer[-4:]))]


def _name_in(query: bytes) -> str:
    labels, position = [], 12
    while length := query[position]:
        labels.append(query[position + 1 : position + 1 + length].decode())
        position += 1 + length
    return ".".join(labels)


@asynccontextmanager
async def name_service(*answers: str) -> AsyncIterator[NameService]:
    """Run a DNS server on loopback that gives *answers* in turn."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        lambda: FickleNameServer(answers), local_addr=("127.0.0.1", 0)
    )
    try:
        yield NameService(server, transport.get_extra_info("sockname"))
    finally:
        transport.close()


@dataclass
class Trap:
    """A server that must not be reached, or must; it greets with its address."""

    port: int
    visits: int = 0


@asynccontextmanager
async def trap(host: str, *, port: int = 0) -> AsyncIterator[Trap]:
    async def visit(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.visits += 1
        writer.write(f"{host}\n".encode())
        writer.close()

    server = await asyncio.start_server(visit, host, port)
    found = Trap(server.sockets[0].getsockname()[1])
    async with server:
        yield found


async def test_the_second_answer_of_a_rebinding_server_is_never_asked_for():
    async with trap("127.0.0.1") as inside, name_service("203.0.112.1", "127.0.0.1") as names:
        dialler = Dialler(ports={inside.port}, resolver=names.resolve, answer_step_s=0.01)

        target = await dialler.check("rebind.example.com", inside.port)
        with pytest.raises(HostUnreachableError):
            await dialler.connect(target, tls=None, timeout_s=0.3)

    assert [str(address) for address in target.addresses] == ["203.0.112.1"]
    assert names.server.asked == ["rebind.example.com"]
    assert inside.visits == 0


async def test_a_rebinding_server_that_names_the_inner_address_first_is_refused():
    async with trap("127.0.0.1") as inside, name_service("127.0.0.1", "203.0.112.1") as names:
        dialler = Dialler(ports={inside.port}, resolver=names.resolve, answer_step_s=0.01)

        with pytest.raises(HostRefusedError):
            await dialler.check("rebind.example.com", inside.port)

    assert inside.visits == 0


async def test_the_connection_goes_to_the_address_that_was_checked():
    async with (
        trap("127.0.0.1") as first,
        trap("127.0.0.2", port=first.port) as second,
        name_service("127.0.0.1", "127.0.0.2") as names,
    ):
        endpoint = ("mail.example.com", first.port)
        dialler = Dialler(ports=(), exemptions=[endpoint], resolver=names.resolve)

        target = await dialler.check(*endpoint)
        greetings = set()
        for _ in range(3):
            reader, writer = await dialler.connect(target, tls=None, timeout_s=5)
            greetings.add(await reader.readline())
            writer.close()

    assert greetings == {b"127.0.0.1\n"}
    assert names.server.asked == ["mail.example.com"]
    assert (first.visits, second.visits) == (3, 0)

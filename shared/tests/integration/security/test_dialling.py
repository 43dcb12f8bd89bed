"""Which hosts are refused, and what connecting to the others is like."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from postroom_shared.security.dialling import (
    CheckedTarget,
    Dialler,
    HostCertificateError,
    HostRefusedError,
    HostUnreachableError,
    system_resolver,
)

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

IMAP = frozenset({143, 993})
STEP_S = 0.05


@dataclass
class Authority:
    """A certificate authority that lives for one test session."""

    folder: Path
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of the tests")])
        certificate = self._builder(self.name, self.key).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self.pem = certificate.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()

    def trusted(self) -> ssl.SSLContext:
        """Return a client's context that trusts this authority alone."""
        return ssl.create_default_context(cadata=self.pem)

    def server(self, *names: str) -> ssl.SSLContext:
        """Return a server's context with a certificate for *names*."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        certificate = (
            self._builder(subject, key)
            .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        path = self.folder / f"{names[0]}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
        )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@dataclass
class Peer:
    """A TCP server and who came."""

    port: int
    visits: int = 0


@asynccontextmanager
async def peer(
    serve: Serve, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Peer]:
    """Run a server on loopback that counts its visits and handles each with *serve*."""

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.visits += 1
        try:
            await serve(reader, writer)
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(visit, host, port, ssl=tls)
    found = Peer(server.sockets[0].getsockname()[1])
    async with server:
        yield found


@dataclass
class Names:
    """A resolver that knows what it is told, and keeps what it was asked."""

    answers: Sequence[str]
    asked: list[tuple[str, int]] = field(default_factory=list)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.answers


def dialler_to(*answers: str) -> Dialler:
    return Dialler(ports=IMAP, resolver=Names(answers), answer_step_s=STEP_S)


def loopback(port: int, host: str = "imap.example.com", *, addresses: Sequence[str] = ("127.0.0.1",)) -> CheckedTarget:
    return CheckedTarget(host, port, tuple(map(ip_address, addresses)))


DIALLER = Dialler(ports=(), answer_step_s=STEP_S)


async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"* OK ready\r\n")
    await writer.drain()


async def say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def test_a_public_host_is_resolved_once_and_may_be_dialled():
    names = Names(["8.8.8.8", "2001:4860:4860::8888", "8.8.8.8", "::ffff:8.8.4.4"])
    dialler = Dialler(ports=IMAP, resolver=names)

    target = await dialler.check("IMAP.Example.com", 993)

    addresses = tuple(map(ip_address, ("8.8.8.8", "2001:4860:4860::8888", "8.8.4.4")))
    assert target == CheckedTarget("imap.example.com", 993, addresses)
    assert names.asked == [("imap.example.com.", 993)]


async def test_an_address_is_not_resolved():
    names = Names([])
    dialler = Dialler(ports=IMAP, resolver=names)

    target = await dialler.check("8.8.8.8", 143)

    assert target == CheckedTarget("8.8.8.8", 143, (ip_address("8.8.8.8"),))
    assert names.asked == []


@pytest.mark.parametrize(
    ("host", "port", "answers"),
    [
        ("imap.example.com", 25, ["8.8.8.8"]),
        ("imap.example.com", 993, []),
        ("imap.example.com", 993, ["10.0.0.1"]),
        ("imap.example.com", 993, ["8.8.8.8", "10.0.0.1"]),
        ("imap.example.com", 993, ["8.8.8.8", "::ffff:10.0.0.1"]),
        ("imap.example.com", 993, ["2001:4860:4860::8888", "::1"]),
        ("imap.example.com", 993, ["8.8.8.8", "what is this"]),
        ("imap.example.com", 993, [f"8.8.8.{number}" for number in range(17)]),
        ("127.0.0.1", 993, ["8.8.8.8"]),
        ("::1", 993, ["8.8.8.8"]),
        ("2130706433", 993, ["8.8.8.8"]),
        ("localhost", 993, ["8.8.8.8"]),
        ("metadata.google.internal", 993, ["8.8.8.8"]),
        ("user@imap.example.com", 993, ["8.8.8.8"]),
        ("imap.example.com\r\nX: y", 993, ["8.8.8.8"]),
    ],
)
async def test_every_refusal_reads_and_lasts_alike(host: str, port: int, answers: list[str]):
    started = time.monotonic()

    with pytest.raises(HostRefusedError) as caught:
        await dialler_to(*answers).check(host, port)

    assert (str(caught.value), caught.value.detail, caught.value.extra) == ("This host cannot be used", None, {})
    assert time.monotonic() - started >= STEP_S


@pytest.mark.parametrize("failure", [OSError("no such name"), UnicodeError("label too long"), TimeoutError()])
async def test_a_name_that_leads_nowhere_is_refused_like_the_others(failure: Exception):
    async def failing(_host: str, _port: int) -> Sequence[str]:
        raise failure

    with pytest.raises(HostRefusedError) as caught:
        await Dialler(ports=IMAP, resolver=failing, answer_step_s=STEP_S).check("imap.example.com", 993)

    assert str(caught.value) == "This host cannot be used"
    assert caught.value.__cause__ is None


async def test_a_name_server_that_never_answers_costs_no_more_than_the_deadline():
    async def hanging(_host: str, _port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    dialler = Dialler(ports=IMAP, resolver=hanging, resolve_timeout_s=0.1, answer_step_s=STEP_S)

    async with asyncio.timeout(3):
        with pytest.raises(HostRefusedError):
            await dialler.check("imap.example.com", 993)


async def test_an_exemption_is_for_its_exact_host_and_port():
    dialler = Dialler(ports=IMAP, exemptions=[("Dovecot", 1143)], resolver=Names(["10.0.0.7"]), answer_step_s=STEP_S)

    target = await dialler.check("dovecot", 1143)

    assert target == CheckedTarget("dovecot", 1143, (ip_address("10.0.0.7"),))
    for host, port in (("dovecot", 143), ("10.0.0.7", 1143), ("dovecot.example.com", 1143), ("dovecot", 993)):
        with pytest.raises(HostRefusedError):
            await dialler.check(host, port)


async def test_a_further_exemption_is_not_one_for_everybody():
    everybody = Dialler(ports=IMAP, exemptions=[("a.local", 1)], resolver=Names(["10.0.0.7"]), answer_step_s=STEP_S)

    somebody = everybody.exempting([("b.local", 2)])

    assert (await somebody.check("a.local", 1)).port == 1
    assert (await somebody.check("b.local", 2)).port == 2
    with pytest.raises(HostRefusedError):
        await everybody.check("b.local", 2)


async def test_an_exempt_address_is_not_resolved():
    dialler = Dialler(ports=(), exemptions=[("127.0.0.1", 1143)], resolver=Names([]))

    assert (await dialler.check("127.0.0.1", 1143)).addresses == (ip_address("127.0.0.1"),)


async def test_the_installation_does_not_dial_itself():
    dialler = Dialler(
        ports=IMAP,
        own_hosts=["Postroom.example.com"],
        own_networks=[ip_network("8.8.8.0/24")],
        resolver=Names(["8.8.8.8"]),
        answer_step_s=STEP_S,
    )

    for host in ("postroom.example.com", "other.example.com", "8.8.8.9"):
        with pytest.raises(HostRefusedError):
            await dialler.check(host, 993)


async def test_the_system_resolver_gives_addresses_and_fails_like_a_network():
    assert "127.0.0.1" in await system_resolver("localhost", 143)
    with pytest.raises(OSError, match="Name"):
        await system_resolver("does-not-exist.invalid.", 143)


async def test_tls_is_for_the_name_and_not_for_the_address(authority: Authority):
    async with peer(greet, tls=authority.server("imap.example.com")) as server:
        reader, writer = await DIALLER.connect(loopback(server.port), tls=authority.trusted(), timeout_s=5)
        greeting, address = await reader.readline(), writer.get_extra_info("peername")
        writer.close()

    assert greeting == b"* OK ready\r\n"
    assert address == ("127.0.0.1", server.port)


async def test_an_address_is_verified_as_an_address(authority: Authority):
    async with peer(greet, tls=authority.server("127.0.0.1")) as server:
        target = loopback(server.port, "127.0.0.1")
        _, writer = await DIALLER.connect(target, tls=authority.trusted(), timeout_s=5)
        writer.close()


async def test_a_certificate_for_another_name_is_told_and_nothing_is_sent(authority: Authority):
    received: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read())

    async with peer(listen, tls=authority.server("imap.example.org")) as server:
        with pytest.raises(HostCertificateError) as caught:
            await DIALLER.connect(loopback(server.port), tls=authority.trusted(), timeout_s=5)

    assert "example.org" not in str(caught.value)
    assert b"".join(received) == b""


async def test_an_unknown_authority_is_told(authority: Authority):
    async with peer(greet, tls=authority.server("imap.example.com")) as server:
        with pytest.raises(HostCertificateError):
            await DIALLER.connect(loopback(server.port), tls=ssl.create_default_context(), timeout_s=5)


async def test_no_banner_of_a_host_without_tls_is_passed_on(authority: Authority):
    async def reveal(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-secret banner\r\n")
        await writer.drain()

    async with peer(reveal) as server:
        with pytest.raises(HostUnreachableError) as caught:
            await DIALLER.connect(loopback(server.port), tls=authority.trusted(), timeout_s=5)

    assert (str(caught.value), caught.value.detail, caught.value.extra) == ("This host does not answer", None, {})
    assert caught.value.__cause__ is None


async def test_a_closed_port_is_told_no_sooner_than_any_other_failure():
    async with peer(greet) as server:
        pass
    started = time.monotonic()

    with pytest.raises(HostUnreachableError):
        await DIALLER.connect(loopback(server.port), tls=None, timeout_s=5)

    assert time.monotonic() - started >= STEP_S


async def test_a_host_that_says_nothing_costs_no_more_than_the_time_given(authority: Authority):
    async with peer(say_nothing) as server:
        async with asyncio.timeout(3):
            with pytest.raises(HostUnreachableError):
                await DIALLER.connect(loopback(server.port), tls=authority.trusted(), timeout_s=0.2)


async def test_the_next_address_is_tried_when_one_does_not_answer():
    async with peer(greet, host="127.0.0.2") as server:
        target = loopback(server.port, addresses=("127.0.0.3", "::1", "127.0.0.2"))
        reader, writer = await DIALLER.connect(target, tls=None, timeout_s=5)
        greeting = await reader.readline()
        writer.close()

    assert greeting == b"* OK ready\r\n"


async def test_no_connection_is_made_without_verification(authority: Authority):
    careless = authority.trusted()
    careless.check_hostname = False

    async with peer(greet, tls=authority.server("imap.example.com")) as server:
        with pytest.raises(ValueError, match="must verify"):
            await DIALLER.connect(loopback(server.port), tls=careless, timeout_s=5)

    assert server.visits == 0


async def test_a_line_without_end_fills_no_memory():
    async def babble(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(100):
            writer.write(b"x" * 1000)
            await writer.drain()

    async with peer(babble) as server:
        reader, writer = await DIALLER.connect(loopback(server.port), tls=None, timeout_s=5, read_limit_bytes=1000)
        with pytest.raises(asyncio.LimitOverrunError):
            await reader.readuntil(b"\n")
        writer.close()


async def test_uvloop_connects_alike(authority: Authority):
    async def connect() -> bytes:
        async with peer(greet, tls=authority.server("imap.example.com")) as server:
            reader, writer = await DIALLER.connect(loopback(server.port), tls=authority.trusted(), timeout_s=5)
            greeting = await reader.readline()
            writer.close()
            return greeting

    def run() -> bytes:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(connect())

    assert await asyncio.to_thread(run) == b"* OK ready\r\n"


async def test_uvloop_tells_a_bad_certificate_alike(authority: Authority):
    async def connect() -> None:
        async with peer(greet, tls=authority.server("imap.example.org")) as server:
            await DIALLER.connect(loopback(server.port), tls=authority.trusted(), timeout_s=5)

    def run() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(connect())

    with pytest.raises(HostCertificateError):
        await asyncio.to_thread(run)

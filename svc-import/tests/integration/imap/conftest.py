"""Servers for the IMAP client: private Dovecots on loopback, run without root, and peers that play a script."""

import asyncio
import grp
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from postroom_import.imap.authentication import PasswordCredentials
from postroom_import.imap.client import ImapClient
from postroom_import.imap.transport import Endpoint, Security, tcp

START_S = 20
# What a server says that has neither LITERAL+ nor MULTIAPPEND, UIDPLUS, LIST-EXTENDED or ESEARCH.
BARE = "IMAP4rev1"
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[Any]]

_CONFIGURATION = """
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{home}/cert.pem
ssl_key = <{home}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_location = maildir:{home}/mail/%u:LAYOUT=fs
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
mail_fsync = never
mail_max_userip_connections = 100
{capability}
passdb {{
  driver = passwd-file
  master = yes
  args = {home}/masters
}}
passdb {{
  driver = static
  args = password=pw
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Drafts {{
    special_use = \\Drafts
    auto = subscribe
  }}
  mailbox "Gesendete Objekte" {{
    special_use = \\Sent
    auto = create
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  service_count = 0
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
"""


@dataclass(frozen=True)
class PrivateDovecot:
    """Where the server listens, and the certificate to trust."""

    port: int
    tls_port: int
    certificate: Path
    log: Path


@contextmanager
def private_dovecot(*, capability: str = "") -> Iterator[PrivateDovecot]:
    """Run a Dovecot; *capability* replaces what it says it can do."""
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    home = Path(tempfile.mkdtemp(prefix="postroom-dovecot-", dir="/tmp"))
    try:
        server = _prepare(home, account, capability)
        process = subprocess.Popen(
            ["dovecot", "-F", "-c", str(home / "dovecot.conf")],
            stdin=subprocess.DEVNULL,
            user=account.pw_uid if os.geteuid() == 0 else None,
            group=account.pw_gid if os.geteuid() == 0 else None,
            extra_groups=[] if os.geteuid() == 0 else None,
        )
        try:
            _await_port(server, process)
            yield server
        finally:
            process.terminate()
            process.wait(START_S)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _prepare(home: Path, account: pwd.struct_passwd, capability: str) -> PrivateDovecot:
    port, tls_port = _free_ports()
    _write_certificate(home)
    (home / "masters").write_text("master:{PLAIN}master-pw\n")
    text = _CONFIGURATION.format(
        home=home,
        user=account.pw_name,
        group=grp.getgrgid(account.pw_gid).gr_name,
        uid=account.pw_uid,
        gid=account.pw_gid,
        port=port,
        tls_port=tls_port,
        capability=f"imap_capability = {capability}" if capability else "",
    )
    (home / "dovecot.conf").write_text(text)
    for folder in ("run", "state", "mail"):
        (home / folder).mkdir()
    if os.geteuid() == 0:
        for path in (home, *home.rglob("*")):
            os.chown(path, account.pw_uid, account.pw_gid)
    return PrivateDovecot(port, tls_port, home / "cert.pem", home / "dovecot.log")


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]


def _await_port(server: PrivateDovecot, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", server.port)) == 0:
                return
        time.sleep(0.02)
    log = server.log.read_text() if server.log.exists() else "no log"
    raise RuntimeError(f"Dovecot does not start: {log}")


def _write_certificate(home: Path) -> None:
    """A certificate that signs itself, for the name localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (home / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (home / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


@pytest.fixture(scope="session")
def dovecot() -> Iterator[PrivateDovecot]:
    with private_dovecot() as server:
        yield server


@pytest.fixture(scope="session")
def bare_dovecot() -> Iterator[PrivateDovecot]:
    with private_dovecot(capability=BARE) as server:
        yield server


@pytest.fixture
def port(dovecot: PrivateDovecot) -> int:
    return dovecot.port


@pytest.fixture
def trust(dovecot: PrivateDovecot) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(dovecot.certificate))


@pytest.fixture
def server_tls(dovecot: PrivateDovecot) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(dovecot.certificate, dovecot.certificate.with_name("key.pem"))
    return context


@pytest.fixture
def endpoint(dovecot: PrivateDovecot) -> Endpoint:
    return Endpoint(tcp("127.0.0.1", dovecot.port), Security.NONE)


@pytest.fixture
def tls_endpoint(dovecot: PrivateDovecot, trust: ssl.SSLContext) -> Endpoint:
    return Endpoint(tcp("127.0.0.1", dovecot.tls_port), Security.TLS, "localhost", trust)


@pytest.fixture
def starttls_endpoint(dovecot: PrivateDovecot, trust: ssl.SSLContext) -> Endpoint:
    return Endpoint(tcp("127.0.0.1", dovecot.port), Security.STARTTLS, "localhost", trust)


@pytest.fixture
def account() -> str:
    """The name of an account nobody has used."""
    return f"u{uuid.uuid4().hex[:12]}"


@pytest.fixture
async def client(endpoint: Endpoint, account: str) -> AsyncIterator[ImapClient]:
    """A client signed in to an empty account."""
    async with await ImapClient.open(endpoint) as client:
        await client.login(PasswordCredentials(account, "pw"))
        yield client


@pytest.fixture
async def bare_client(bare_dovecot: PrivateDovecot, account: str) -> AsyncIterator[ImapClient]:
    """A client signed in to an empty account on a server without extensions."""
    async with await ImapClient.open(Endpoint(tcp("127.0.0.1", bare_dovecot.port), Security.NONE)) as client:
        await client.login(PasswordCredentials(account, "pw"))
        yield client


@pytest.fixture
async def peer() -> AsyncIterator[Callable[[Script], Awaitable[Endpoint]]]:
    """Start servers that play a script to whoever connects; what a script raises fails the test."""
    problems: list[BaseException] = []
    async with AsyncExitStack() as servers:

        async def start(script: Script) -> Endpoint:
            async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                try:
                    await script(reader, writer)
                except ConnectionError:
                    pass
                except Exception as error:  # noqa: BLE001 - shown to the test below
                    problems.append(error)
                finally:
                    writer.close()

            server = await servers.enter_async_context(await asyncio.start_server(play, "127.0.0.1", 0))
            return Endpoint(tcp("127.0.0.1", server.sockets[0].getsockname()[1]), Security.NONE)

        yield start
    assert problems == []

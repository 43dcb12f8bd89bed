"""How a connection to an IMAP server is made and encrypted; which address may be dialled is the caller's affair."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum

from postroom_import.imap.errors import ImapConnectionError, ImapTimeoutError, ImapTlsError, ImapUsageError
from postroom_import.imap.silence import READ_BYTES

_WRITE_BUFFER_BYTES = 524_288

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Streams]]


class Security(Enum):
    """How a connection is encrypted; there is no "if possible"."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each step may take, in seconds.

    Args:
        connect_s: Name to socket.
        greeting_s: The server's first line.
        tls_s: The handshake.
        silence_s: Without one octet in either direction while an answer is due.
        command_s: A command that moves no messages, from its first octet to its status.
        logout_s: The farewell, and closing the socket.
    """

    connect_s: float = 20.0
    greeting_s: float = 30.0
    tls_s: float = 20.0
    silence_s: float = 120.0
    command_s: float = 300.0
    logout_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an IMAP server is and how to reach it.

    Args:
        connect: Opens the TCP connection, to an address that has been checked.
        security: What encrypts it.
        server_name: The name the certificate must be for; not needed without TLS.
        tls: What is trusted; a context that does not verify is refused.
    """

    connect: Connect
    security: Security
    server_name: str = ""
    tls: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        if self.security is Security.NONE:
            return
        if self.tls is None or self.tls.verify_mode is not ssl.CERT_REQUIRED or not self.tls.check_hostname:
            raise ImapUsageError("TLS needs a context that verifies the certificate and its name")
        if not self.server_name:
            raise ImapUsageError("TLS needs the name the certificate is for")


class _SecuredWriter(asyncio.StreamWriter):
    """A writer over TLS that keeps the one beneath alive: a newer Python closes the socket with its last writer."""

    def __init__(
        self,
        transport: asyncio.Transport,
        protocol: asyncio.StreamReaderProtocol,
        reader: asyncio.StreamReader,
        below: asyncio.StreamWriter,
    ) -> None:
        super().__init__(transport, protocol, reader, asyncio.get_running_loop())
        self._below = below


def tcp(host: str, port: int) -> Connect:
    """Return what connects to *host* without asking whether it may be dialled: for servers of our own."""

    async def connect() -> Streams:
        return await asyncio.open_connection(host, port, limit=READ_BYTES)

    return connect


async def dial(endpoint: Endpoint, timeouts: Timeouts) -> Streams:
    """Return open streams, encrypted when the endpoint speaks TLS from the first octet."""
    try:
        async with asyncio.timeout(timeouts.connect_s):
            streams = await endpoint.connect()
    except TimeoutError as error:
        raise ImapTimeoutError("the server did not take the connection in time") from error
    except OSError as error:
        raise ImapConnectionError(f"the connection could not be made: {error.strerror or error}") from error
    if endpoint.security is Security.TLS and not is_encrypted(streams[1]):
        streams = await encrypt(streams, endpoint, timeouts)
    streams[1].transport.set_write_buffer_limits(high=_WRITE_BUFFER_BYTES)
    return streams


def is_encrypted(writer: asyncio.StreamWriter) -> bool:
    """Tell whether TLS is up."""
    return writer.get_extra_info("ssl_object") is not None


async def encrypt(streams: Streams, endpoint: Endpoint, timeouts: Timeouts) -> Streams:
    """Return new streams over TLS; what the old reader still holds was sent in the clear and is dropped.

    Raises:
        ImapTlsError: The handshake failed, or the certificate is not to be trusted.
    """
    if endpoint.tls is None:
        raise ImapUsageError("TLS needs a context")
    below = streams[1]
    if below.transport.is_closing():
        raise ImapTlsError("the connection was lost before the handshake")
    reader = asyncio.StreamReader(limit=READ_BYTES)
    protocol = asyncio.StreamReaderProtocol(reader)
    try:
        secured = await asyncio.get_running_loop().start_tls(
            below.transport,
            protocol,
            endpoint.tls,
            server_hostname=endpoint.server_name,
            ssl_handshake_timeout=timeouts.tls_s,
            ssl_shutdown_timeout=timeouts.logout_s,
        )
    except OSError as error:
        below.transport.abort()
        raise ImapTlsError(f"the connection could not be encrypted: {error}") from error
    except BaseException:
        below.transport.abort()
        raise
    if secured is None:
        raise ImapTlsError("the connection was lost during the handshake")
    protocol.connection_made(secured)
    writer = _SecuredWriter(secured, protocol, reader, below)
    secured.set_write_buffer_limits(high=_WRITE_BUFFER_BYTES)
    return reader, writer

"""Signing in and encrypting against servers that refuse, lie or cannot. The peers play scripts over real sockets."""

import asyncio
import ssl
import time
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from postroom_import.imap.authentication import PasswordCredentials, TokenCredentials
from postroom_import.imap.client import ImapClient
from postroom_import.imap.errors import (
    ImapAuthenticationError,
    ImapConnectionError,
    ImapProtocolError,
    ImapRefusedError,
    ImapTimeoutError,
    ImapTlsError,
    ImapUnavailableError,
    ImapUsageError,
)
from postroom_import.imap.transport import Endpoint, Security, Timeouts

Peer = Callable[[Callable[[Reader, Writer], Awaitable[None]]], Awaitable[Endpoint]]
GREETING = b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR LITERAL+ UIDPLUS] hello\r\n"
QUICK = Timeouts(connect_s=5, greeting_s=0.3, tls_s=5, silence_s=0.3, command_s=5, logout_s=0.5)
PATIENT = Timeouts(logout_s=0.5)


async def never(reader: Reader) -> None:
    """Wait until the client hangs up."""
    await reader.read()


@pytest.mark.parametrize(("mechanism", "challenge_answer"), [(b"XOAUTH2", b"\r\n"), (b"OAUTHBEARER", b"AQ==\r\n")])
async def test_a_refused_token_is_an_authentication_error_at_once(
    peer: Peer, mechanism: bytes, challenge_answer: bytes
) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(b"* OK [CAPABILITY IMAP4rev1 AUTH=%b SASL-IR] hi\r\n" % mechanism)
        await reader.readline()
        writer.write(b"+ eyJzdGF0dXMiOiI0MDAifQ==\r\n")
        assert await reader.readline() == challenge_answer
        writer.write(b"P1 NO [AUTHENTICATIONFAILED] no\r\n")
        await never(reader)

    async with await ImapClient.open(await peer(script), timeouts=PATIENT) as client:
        with pytest.raises(ImapAuthenticationError):
            await client.login(TokenCredentials("u", "expired"))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"NO [UNAVAILABLE] backend down", ImapUnavailableError),
        (b"NO [LIMIT] slow down", ImapUnavailableError),
        (b"NO no", ImapAuthenticationError),
        (b"NO [ALERT] log in with your browser", ImapAuthenticationError),
        (b"BAD what", ImapRefusedError),
    ],
)
async def test_a_wrong_password_and_a_busy_server_differ(
    peer: Peer, answer: bytes, error: type[ImapRefusedError]
) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(GREETING)
        await reader.readline()
        writer.write(b"P1 " + answer + b"\r\n")
        await never(reader)

    async with await ImapClient.open(await peer(script), timeouts=PATIENT) as client:
        with pytest.raises(error) as raised:
            await client.login(PasswordCredentials("u", "p"))

    assert type(raised.value) is error


async def test_what_comes_before_the_handshake_is_not_believed(
    peer: Peer, server_tls: ssl.SSLContext, trust: ssl.SSLContext
) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(GREETING)
        assert await reader.readline() == b"P1 STARTTLS\r\n"
        writer.write(b"P1 OK go\r\n* CAPABILITY IMAP4rev1 INJECTED\r\n")
        await writer.drain()
        await writer.start_tls(server_tls)
        assert await reader.readline() == b"P2 CAPABILITY\r\n"
        writer.write(b"* CAPABILITY IMAP4rev1 GENUINE\r\nP2 OK\r\n")
        await never(reader)

    endpoint = replace(await peer(script), security=Security.STARTTLS, server_name="localhost", tls=trust)
    async with await ImapClient.open(endpoint, timeouts=PATIENT) as client:
        assert client.is_encrypted
        assert await client.capabilities() == {"IMAP4REV1", "GENUINE"}


async def test_an_answer_injected_before_the_handshake_ends_the_connection(peer: Peer, trust: ssl.SSLContext) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(GREETING)
        await reader.readline()
        writer.write(b"P1 OK go\r\nP2 OK [CAPABILITY INJECTED] in\r\n")
        await never(reader)

    endpoint = replace(await peer(script), security=Security.STARTTLS, server_name="localhost", tls=trust)
    with pytest.raises(ImapProtocolError):
        await ImapClient.open(endpoint, timeouts=PATIENT)


async def test_a_connection_cut_during_the_handshake_is_noticed_at_once(peer: Peer, trust: ssl.SSLContext) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(GREETING)
        await reader.readline()
        writer.write(b"P1 OK go\r\n")
        await reader.read(20)

    endpoint = replace(await peer(script), security=Security.STARTTLS, server_name="localhost", tls=trust)
    began = time.monotonic()
    with pytest.raises(ImapTlsError):
        await ImapClient.open(endpoint, timeouts=PATIENT)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("answer", [b"P1 NO not today\r\n", b"P1 BAD what\r\n"])
async def test_without_encryption_no_password_is_sent(peer: Peer, trust: ssl.SSLContext, answer: bytes) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(GREETING)
        await reader.readline()
        writer.write(answer)
        await never(reader)

    endpoint = replace(await peer(script), security=Security.STARTTLS, server_name="localhost", tls=trust)
    with pytest.raises(ImapTlsError):
        await ImapClient.open(endpoint, timeouts=PATIENT)


async def test_a_greeting_that_skips_encryption_is_not_believed(peer: Peer, trust: ssl.SSLContext) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(b"* PREAUTH welcome\r\n")
        await never(reader)

    endpoint = replace(await peer(script), security=Security.STARTTLS, server_name="localhost", tls=trust)
    with pytest.raises(ImapTlsError):
        await ImapClient.open(endpoint, timeouts=PATIENT)


async def test_nobody_listening_is_a_connection_error(peer: Peer) -> None:
    async def refuse() -> tuple[Reader, Writer]:
        raise ConnectionRefusedError(111, "Connection refused")

    with pytest.raises(ImapConnectionError, match="Connection refused"):
        await ImapClient.open(Endpoint(refuse, Security.NONE))


async def test_a_connection_that_is_never_made_times_out() -> None:
    async def hang() -> tuple[Reader, Writer]:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(ImapTimeoutError):
        await ImapClient.open(Endpoint(hang, Security.NONE), timeouts=replace(QUICK, connect_s=0.1))


def test_a_context_that_verifies_nothing_is_refused() -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE

    async def connect() -> tuple[Reader, Writer]:
        raise AssertionError

    for tls, name in ((context, "localhost"), (None, "localhost"), (ssl.create_default_context(), "")):
        with pytest.raises(ImapUsageError):
            Endpoint(connect, Security.TLS, name, tls)

"""What the client does when a server, or the network, misbehaves. The peers play scripts over real sockets."""

import asyncio
import time
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from postroom_import.imap.appending import AppendMethod
from postroom_import.imap.client import ImapClient
from postroom_import.imap.errors import (
    ImapConnectionError,
    ImapProtocolError,
    ImapRefusedError,
    ImapTimeoutError,
    ImapTooBigError,
    ImapUsageError,
)
from postroom_import.imap.names import INBOX
from postroom_import.imap.outgoing import OutgoingMessage
from postroom_import.imap.transport import Endpoint, Timeouts
from postroom_import.imap.uid_sets import UidSet

Peer = Callable[[Callable[[Reader, Writer], Awaitable[None]]], Awaitable[Endpoint]]
GREETING = b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR LITERAL+ UIDPLUS] hello\r\n"
QUICK = Timeouts(connect_s=5, greeting_s=0.3, tls_s=5, silence_s=0.3, command_s=5, logout_s=0.5)
PATIENT = Timeouts(logout_s=0.5)


async def never(reader: Reader) -> None:
    """Wait until the client hangs up."""
    await reader.read()


async def test_a_cut_in_the_middle_of_a_body_is_noticed_at_once(peer: Peer) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(GREETING)
        await reader.readline()
        writer.write(b'* 1 FETCH (UID 1 FLAGS () INTERNALDATE "" BODY[] {1000}\r\nhalf')
        await writer.drain()

    async with await ImapClient.open(await peer(script), timeouts=PATIENT) as client:
        began = time.monotonic()
        with pytest.raises(ImapConnectionError):
            [message async for message in client.fetch_messages(UidSet.of([1]))]
        assert time.monotonic() - began < 5
        with pytest.raises(ImapConnectionError):
            await client.noop()


async def test_a_lost_connection_wakes_every_pending_command(peer: Peer) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(GREETING)
        for _ in range(20):
            await reader.readuntil(b"NOOP\r\n")
        writer.write(b"* BYE going down\r\n")

    async with await ImapClient.open(await peer(script), timeouts=PATIENT) as client:
        began = time.monotonic()
        results = await asyncio.gather(*(client.noop() for _ in range(20)), return_exceptions=True)

    assert {type(result) for result in results} == {ImapConnectionError}
    assert all("going down" in str(result) for result in results)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("greeting", "error"),
    [
        (b"* BYE too many connections\r\n", ImapConnectionError),
        (b"+OK POP3 ready\r\n", ImapProtocolError),
        (b"220 smtp.example.org ESMTP\r\n", ImapProtocolError),
        (b"* CAPABILITY IMAP4rev1\r\n", ImapProtocolError),
        (b"", ImapConnectionError),
    ],
)
async def test_a_server_that_does_not_greet_is_left(peer: Peer, greeting: bytes, error: type[Exception]) -> None:
    async def script(_: Reader, writer: Writer) -> None:
        writer.write(greeting)

    with pytest.raises(error):
        await ImapClient.open(await peer(script), timeouts=PATIENT)


async def test_a_server_that_stays_silent_is_left(peer: Peer) -> None:
    async def script(reader: Reader, _: Writer) -> None:
        await never(reader)

    with pytest.raises(ImapTimeoutError):
        await ImapClient.open(await peer(script), timeouts=QUICK)


async def test_a_command_without_answer_times_out_and_idleness_does_not(peer: Peer) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(GREETING)
        await reader.readline()
        writer.write(b"P1 OK\r\n")
        await never(reader)

    async with await ImapClient.open(await peer(script), timeouts=QUICK) as client:
        await client.noop()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.6):
                await asyncio.Event().wait()
        with pytest.raises(ImapTimeoutError):
            await client.noop()


async def test_a_drip_of_answers_does_not_keep_a_command_alive_for_ever(peer: Peer) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(GREETING)
        while not reader.at_eof():
            writer.write(b"* 1 EXISTS\r\n")
            await writer.drain()
            try:
                async with asyncio.timeout(0.05):
                    await reader.read(1)
            except TimeoutError:
                continue

    async with await ImapClient.open(await peer(script), timeouts=replace(QUICK, command_s=0.8)) as client:
        with pytest.raises(ImapTimeoutError):
            await client.noop()


async def test_a_server_that_stops_reading_is_left(peer: Peer) -> None:
    async def script(_: Reader, writer: Writer) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined] # every socket transport reads
        writer.write(GREETING)
        await writer.drain()
        await asyncio.Event().wait()

    tasks: list[asyncio.Task[None]] = []

    async def cancellable(reader: Reader, writer: Writer) -> None:
        tasks.append(asyncio.ensure_future(script(reader, writer)))
        await asyncio.wait(tasks)

    body = OutgoingMessage(50_000_000, bytes(50_000_000))
    async with await ImapClient.open(await peer(cancellable), timeouts=QUICK) as client:
        with pytest.raises(ImapTimeoutError):
            await client.append(INBOX, [body])
    tasks[0].cancel()


async def test_a_line_without_end_ends_the_connection(peer: Peer) -> None:
    async def script(_: Reader, writer: Writer) -> None:
        writer.write(GREETING)
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    async with await ImapClient.open(await peer(script), timeouts=PATIENT) as client:
        with pytest.raises(ImapProtocolError):
            await client.noop()


async def test_endless_answers_end_the_connection(peer: Peer) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(GREETING)
        await reader.readline()
        while True:
            writer.write(b'* LIST () "/" x\r\n' * 1_000)
            await writer.drain()

    async with await ImapClient.open(await peer(script), timeouts=PATIENT) as client:
        with pytest.raises(ImapProtocolError):
            await client.mailboxes()


async def test_an_answer_to_nothing_ends_the_connection(peer: Peer) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(GREETING)
        await reader.readline()
        writer.write(b"X9 OK done\r\n")
        await never(reader)

    async with await ImapClient.open(await peer(script), timeouts=PATIENT) as client:
        with pytest.raises(ImapProtocolError):
            await client.noop()


async def test_a_refused_literal_is_not_sent_and_the_talk_goes_on(peer: Peer) -> None:
    received = b""

    async def script(reader: Reader, writer: Writer) -> None:
        nonlocal received
        writer.write(GREETING)
        received += await reader.readline()
        writer.write(b"P1 NO [TOOBIG] no\r\n")
        received += await reader.readline()
        writer.write(b"P2 OK\r\n")
        await never(reader)

    async with await ImapClient.open(await peer(script), timeouts=PATIENT) as client:
        outcome = await client.append(INBOX, [OutgoingMessage(6, b"SECRET")], method=AppendMethod.ONE_BY_ONE)
        await client.noop()

    assert isinstance(outcome.refusal, ImapTooBigError)
    assert received == b'P1 APPEND "INBOX" () {6}\r\nP2 NOOP\r\n'


async def test_a_window_of_appends_waits_for_no_answer_and_tells_each_fate(peer: Peer) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(GREETING)
        await reader.readuntil(b'P3 APPEND "INBOX" () {1+}\r\nc\r\n')
        writer.write(b"P1 OK [APPENDUID 7 10] ok\r\nP2 NO [OVERQUOTA] full\r\nP3 OK [APPENDUID 7 11] ok\r\n")
        await never(reader)

    async with await ImapClient.open(await peer(script), timeouts=PATIENT) as client:
        outcome = await client.append(INBOX, [OutgoingMessage(1, letter) for letter in (b"a", b"b", b"c")])

    assert [result.uid for result in outcome.results] == [10, None, 11]
    assert outcome.uidvalidity == 7
    assert outcome.refusal is not None
    assert outcome.refusal.code == "OVERQUOTA"


async def test_uids_that_do_not_fit_the_batch_are_not_believed(peer: Peer) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(GREETING)
        await reader.readuntil(b"a\r\n")
        writer.write(b"P1 OK [APPENDUID 7 1:4294967295] ok\r\n")
        await never(reader)

    async with await ImapClient.open(await peer(script), timeouts=PATIENT) as client:
        outcome = await client.append(INBOX, [OutgoingMessage(1, b"a")])

    assert outcome.results[0].uid is None
    assert outcome.refusal is None


@pytest.mark.parametrize("given", [b"abc", b"abcdefghij"])
async def test_a_body_of_another_length_than_announced_is_never_completed(peer: Peer, given: bytes) -> None:
    received = b""

    async def script(reader: Reader, writer: Writer) -> None:
        nonlocal received
        writer.write(GREETING)
        received = await reader.read(-1)

    async def pieces() -> AsyncIterator[bytes]:
        yield given

    endpoint = await peer(script)
    async with await ImapClient.open(endpoint, timeouts=PATIENT) as client:
        with pytest.raises(ImapUsageError):
            await client.append(INBOX, [OutgoingMessage(5, pieces)])
        with pytest.raises(ImapConnectionError):
            await client.noop()
    assert not received.endswith(b"\r\n") or b"{5+}\r\nabc" not in received


async def test_a_source_that_breaks_off_closes_the_connection(peer: Peer) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(GREETING)
        await never(reader)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"abc"
        raise ImapConnectionError("the source is gone")

    async with await ImapClient.open(await peer(script), timeouts=PATIENT) as client:
        with pytest.raises(ImapConnectionError, match="the source is gone"):
            await client.append(INBOX, [OutgoingMessage(5, pieces)])


async def test_reading_stops_while_nobody_takes_the_messages(peer: Peer) -> None:
    sent = 0

    async def script(reader: Reader, writer: Writer) -> None:
        nonlocal sent
        writer.write(GREETING)
        await reader.readline()
        for uid in range(1, 2_001):
            writer.write(
                b'* 1 FETCH (UID %d FLAGS () INTERNALDATE "x" BODY[] {50000}\r\n%b)\r\n' % (uid, bytes(50_000))
            )
            await writer.drain()
            sent += 1
        writer.write(b"P1 OK\r\n")
        await never(reader)

    async with await ImapClient.open(await peer(script), timeouts=QUICK) as client:
        messages = client.fetch_messages(UidSet.of(range(1, 2_001)))
        first = await anext(messages)
        settled = -1
        while settled != sent:
            settled = sent
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.4):
                    await asyncio.Event().wait()
        with pytest.raises(ImapUsageError):
            await client.noop()
        rest = [message.uid async for message in messages]

    assert first.uid == 1
    assert rest == list(range(2, 2_001))
    assert settled < 600


async def test_whoever_stops_taking_messages_can_go_on_with_the_connection(peer: Peer) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(GREETING)
        await reader.readline()
        writer.write(b'* 1 FETCH (UID 3 FLAGS () INTERNALDATE "x" BODY[] {500000}\r\n%b)\r\nP1 OK\r\n' % bytes(500_000))
        await reader.readline()
        writer.write(b"P2 OK\r\n")
        await never(reader)

    async with await ImapClient.open(await peer(script), timeouts=PATIENT) as client:
        messages = client.fetch_messages(UidSet.of([3]))
        assert (await anext(messages)).uid == 3
        await messages.aclose()
        await client.noop()


async def test_a_large_body_before_its_flags_is_asked_for_again(peer: Peer) -> None:
    body = b"0123456789" * 50_000

    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(GREETING)
        await reader.readline()
        writer.write(b'* 1 FETCH (BODY[] {500000}\r\n%b UID 3 FLAGS (a) INTERNALDATE "x")\r\nP1 OK\r\n' % body)
        assert await reader.readline() == b"P2 UID FETCH 3 (UID FLAGS INTERNALDATE RFC822.SIZE)\r\n"
        writer.write(b'* 1 FETCH (UID 3 FLAGS (a) INTERNALDATE "x" RFC822.SIZE 500000)\r\nP2 OK\r\n')
        assert await reader.readline() == b"P3 UID FETCH 3 (UID BODY.PEEK[])\r\n"
        writer.write(b"* 1 FETCH (BODY[] {500000}\r\n%b UID 3)\r\nP3 OK\r\n" % body)
        await never(reader)

    async with await ImapClient.open(await peer(script), timeouts=PATIENT) as client:
        got = [(item.uid, item.flags, await item.read()) async for item in client.fetch_messages(UidSet.of([3]))]

    assert got == [(3, frozenset({"a"}), body)]


async def test_a_small_body_may_come_before_its_flags_and_strangers_are_ignored(peer: Peer) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(GREETING)
        await reader.readline()
        writer.write(b"* 9 FETCH (FLAGS (\\Seen))\r\n* 4 EXPUNGE\r\n* 2 FETCH (UID 4 BODY[] NIL)\r\n")
        writer.write(b'* 1 FETCH (BODY[] "hi" UID 3 FLAGS (a) INTERNALDATE "x")\r\nP1 OK\r\n')
        await never(reader)

    async with await ImapClient.open(await peer(script), timeouts=PATIENT) as client:
        got = [(item.uid, item.flags, item.body) async for item in client.fetch_messages(UidSet.of([3, 4]))]

    assert got == [(3, frozenset({"a"}), b"hi")]


async def test_an_open_range_brings_no_message_below_it(peer: Peer) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(GREETING)
        await reader.readline()
        writer.write(b"* 1 FETCH (UID 8 FLAGS () RFC822.SIZE 3)\r\nP1 OK\r\n")
        await reader.readline()
        writer.write(b"* SEARCH 8\r\nP2 OK\r\n")
        await never(reader)

    async with await ImapClient.open(await peer(script), timeouts=PATIENT) as client:
        assert [item async for item in client.fetch_metadata(UidSet.since(9))] == []
        assert not await client.search(UidSet.since(9))


async def test_a_refused_fetch_raises_after_what_came(peer: Peer) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(GREETING)
        await reader.readline()
        writer.write(b'* 1 FETCH (UID 3 FLAGS () INTERNALDATE "x" BODY[] {1}\r\na)\r\nP1 NO some are gone\r\n')
        await never(reader)

    async with await ImapClient.open(await peer(script), timeouts=PATIENT) as client:
        messages = client.fetch_messages(UidSet.of([3, 4]))
        assert (await anext(messages)).uid == 3
        with pytest.raises(ImapRefusedError, match="some are gone"):
            await anext(messages)


async def test_a_cancelled_upload_closes_the_connection(peer: Peer) -> None:
    began = asyncio.Event()

    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(GREETING)
        await never(reader)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"abc"
        began.set()
        await asyncio.Event().wait()

    async with await ImapClient.open(await peer(script), timeouts=PATIENT) as client:
        upload = asyncio.create_task(client.append(INBOX, [OutgoingMessage(5, pieces)]))
        await began.wait()
        upload.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upload
        with pytest.raises(ImapConnectionError):
            await client.noop()

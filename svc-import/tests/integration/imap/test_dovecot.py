"""The client against real Dovecots, one with all its extensions and one that offers none."""

import asyncio
import hashlib
import ssl
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import imapclient
import pytest

from postroom_import.imap.appending import AppendMethod
from postroom_import.imap.authentication import PasswordCredentials
from postroom_import.imap.client import ImapClient
from postroom_import.imap.errors import (
    ImapAuthenticationError,
    ImapMailboxExistsError,
    ImapMailboxMissingError,
    ImapRefusedError,
    ImapTlsError,
    ImapUsageError,
)
from postroom_import.imap.fetching import BodyStream
from postroom_import.imap.internal_dates import InternalDate
from postroom_import.imap.names import INBOX, MailboxName
from postroom_import.imap.outgoing import OutgoingMessage
from postroom_import.imap.transport import Endpoint, Security, tcp
from postroom_import.imap.uid_sets import UidSet

ODD_NAMES = [
    "5* hotels",
    "With space",
    'a"b\\c',
    "Équipe",
    "Équipe/À faire",
    "100% sure",
    "&amp",
    "🎉 party",
    "NIL",
    "{5}",
    "a) (b",
    "日本語",
    "[x] y]",
]
DATE = InternalDate(b"17-Jul-1996 09:44:25 +0000")


def message(number: int) -> OutgoingMessage:
    body = b"From: a@example.org\r\nSubject: %d\r\n\r\nText %d\r\n" % (number, number) + b"\xff\xe9 {3}\r\n" * (
        number % 50
    )
    flags = frozenset({"\\Seen"} if number % 2 else {"\\Answered", "$Forwarded", "label1"})
    return OutgoingMessage(len(body), body, flags, DATE)


async def test_odd_names_are_created_subscribed_listed_and_opened(client: ImapClient) -> None:
    for text in ODD_NAMES:
        await client.create(MailboxName.of(text))
    await client.subscribe(MailboxName.of("Équipe/À faire"))

    boxes = {box.name.text: box for box in await client.mailboxes()}

    assert set(boxes) == {*ODD_NAMES, "INBOX", "Drafts", "Gesendete Objekte"}
    assert {name for name, box in boxes.items() if box.subscribed} == {"Équipe/À faire", "Drafts"}
    assert {name: box.special_use for name, box in boxes.items() if box.special_use} == {
        "Drafts": "\\Drafts",
        "Gesendete Objekte": "\\Sent",
    }
    assert {box.separator for box in boxes.values()} == {"/"}
    for box in boxes.values():
        assert (await client.examine(box.name)).exists == 0


async def test_a_server_without_extensions_gives_the_same_mailboxes(bare_client: ImapClient) -> None:
    await bare_client.create(MailboxName.of("Équipe"))
    await bare_client.subscribe(MailboxName.of("Équipe"))
    await bare_client.append(INBOX, [message(1)])

    boxes = {box.name.text: box for box in await bare_client.mailboxes(status_items=("MESSAGES",))}

    assert set(boxes) == {"INBOX", "Drafts", "Gesendete Objekte", "Équipe"}
    assert {name for name, box in boxes.items() if box.subscribed} == {"Équipe", "Drafts"}
    assert boxes["INBOX"].counts == {"MESSAGES": 1}


async def test_the_counts_of_all_mailboxes_come_with_the_list(client: ImapClient) -> None:
    await client.append(INBOX, [message(1), message(2)])

    boxes = {box.name: box for box in await client.mailboxes(status_items=("MESSAGES", "UIDNEXT", "UIDVALIDITY"))}

    assert boxes[INBOX].counts["MESSAGES"] == 2
    assert boxes[INBOX].counts["UIDNEXT"] == 3
    assert (await client.status(INBOX, ("MESSAGES",))).counts == {"MESSAGES": 2}


@pytest.mark.parametrize("method", AppendMethod)
async def test_messages_come_back_as_they_were_stored(client: ImapClient, method: AppendMethod) -> None:
    sent = [message(number) for number in range(60)]

    outcome = await client.append(INBOX, sent, method=method)

    state = await client.examine(INBOX)
    uids = [result.uid for result in outcome.results]
    assert uids == list(range(1, 61))
    assert outcome.uidvalidity == state.uidvalidity
    assert await stored(client) == [(uid, m.flags, DATE, m.content) for uid, m in enumerate(sent, 1)]


@pytest.mark.parametrize("method", [AppendMethod.WINDOW, AppendMethod.ONE_BY_ONE])
async def test_messages_come_back_from_a_bare_server(bare_client: ImapClient, method: AppendMethod) -> None:
    sent = [message(number) for number in range(30)]

    outcome = await bare_client.append(INBOX, sent, method=method)

    await bare_client.examine(INBOX)
    assert outcome.refusal is None
    assert await stored(bare_client) == [(uid, m.flags, DATE, m.content) for uid, m in enumerate(sent, 1)]
    assert list(await bare_client.search(UidSet.since(1))) == list(range(1, 31))


async def stored(client: ImapClient) -> list[tuple[int, frozenset[str], InternalDate | None, bytes]]:
    """Return what the open mailbox holds, without the flag that says who looked first."""
    async with aclosing(client.fetch_messages(UidSet.since(1))) as messages:
        return [(m.uid, m.flags - {"\\Recent"}, m.internal_date, await m.read()) async for m in messages]


async def test_the_moment_of_arrival_is_kept_from_any_time_zone(client: ImapClient) -> None:
    moment = datetime(1996, 7, 7, 2, 44, 25, tzinfo=timezone(timedelta(hours=-7)))
    await client.append(INBOX, [OutgoingMessage(4, b"\r\n\r\n", internal_date=InternalDate.of(moment))])
    await client.examine(INBOX)

    (item,) = [item async for item in client.fetch_metadata(UidSet.since(1))]

    assert item.internal_date is not None
    assert item.internal_date.moment() == moment


async def test_multiappend_is_not_tried_where_it_is_not_offered(bare_client: ImapClient) -> None:
    with pytest.raises(ImapUsageError):
        await bare_client.append(INBOX, [message(1), message(2)], method=AppendMethod.TOGETHER)


async def test_a_batch_into_a_missing_mailbox_is_refused_whole(client: ImapClient) -> None:
    outcome = await client.append(MailboxName.of("not there"), [message(1), message(2)])

    assert [type(result.refusal) for result in outcome.results] == [ImapMailboxMissingError] * 2
    assert outcome.refusal is not None
    assert outcome.refusal.code == "TRYCREATE"


async def test_three_thousand_messages_come_in_one_command(client: ImapClient) -> None:
    for start in range(0, 3_000, 500):
        await client.append(INBOX, [message(number) for number in range(start, start + 500)])
    state = await client.examine(INBOX)

    metadata = [item async for item in client.fetch_metadata(UidSet.since(1))]
    bodies = [item async for item in client.fetch_messages(UidSet.of(range(1, 3_001)))]

    assert state.exists == 3_000
    assert state.uidnext == 3_001
    assert [(item.uid, item.size) for item in metadata] == [(n + 1, message(n).size) for n in range(3_000)]
    assert [item.body for item in bodies] == [message(n).content for n in range(3_000)]
    assert all(item.internal_date == DATE for item in metadata)


async def test_uids_with_thousands_of_gaps_are_asked_for_in_several_commands(client: ImapClient) -> None:
    small = OutgoingMessage(4, b"\r\n\r\n")
    for _ in range(4):
        await client.append(INBOX, [small] * 1_000)
    await client.examine(INBOX)
    odd = UidSet.of(range(1, 4_001, 2))

    assert len(list(odd.wires())) > 1
    assert [item.uid async for item in client.fetch_metadata(odd)] == list(odd)
    assert [item.uid async for item in client.fetch_messages(odd)] == list(odd)
    assert list(await client.search(odd)) == list(odd)
    assert [item.uid async for item in client.fetch_metadata(UidSet.of([4_000, 9_000]))] == [4_000]
    assert [item async for item in client.fetch_metadata(UidSet.since(4_001))] == []


async def test_60_mb_pass_through_little_memory(client: ImapClient, endpoint: Endpoint, account: str) -> None:
    line = b"0123456789abcdef" * 4 + b"\r\n"
    size = len(line) * 1_000 * 909
    copies = MailboxName.of("Copies")
    await client.create(copies)

    async def written() -> AsyncIterator[bytes]:
        for _ in range(909):
            yield line * 1_000

    async with await ImapClient.open(endpoint) as source:
        await source.login(PasswordCredentials(account, "pw"))
        tracemalloc.start()
        await client.append(INBOX, [OutgoingMessage(size, written, frozenset(), DATE)])
        await source.examine(INBOX)
        async with aclosing(source.fetch_messages(UidSet.since(1))) as messages:
            found = await anext(messages)
            assert isinstance(found.body, BodyStream)
            outgoing = OutgoingMessage(found.size, found.pieces, found.flags - {"\\Recent"}, found.internal_date)
            outcome = await client.append(copies, [outgoing])
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert outcome.refusal is None
    await client.examine(copies)
    digest = hashlib.sha256()
    async for found in client.fetch_messages(UidSet.since(1)):
        async for piece in found.pieces():
            digest.update(piece)
    assert size > 59_000_000
    assert digest.digest() == hashlib.sha256(line * 1_000 * 909).digest()
    assert peak_bytes < 6_000_000


async def test_opening_tells_what_a_second_pass_needs(client: ImapClient) -> None:
    await client.append(INBOX, [message(1)])

    selected = await client.select(INBOX, with_modseq=True)
    examined = await client.examine(INBOX)

    assert selected.exists == examined.exists == 1
    assert selected.uidnext == 2
    assert selected.uidvalidity is not None
    assert selected.highestmodseq is not None
    assert selected.permanent_flags is not None
    assert "\\*" in selected.permanent_flags
    (item,) = [item async for item in client.fetch_metadata(UidSet.since(1), also=("SAVEDATE", "MODSEQ"))]
    assert set(item.others) == {"SAVEDATE"}


async def test_refusals_have_their_own_errors(client: ImapClient) -> None:
    await client.create(MailboxName.of("there"))
    with pytest.raises(ImapMailboxExistsError):
        await client.create(MailboxName.of("there"))
    with pytest.raises(ImapRefusedError, match="doesn't exist"):
        await client.examine(MailboxName.of("not there"))


async def test_namespaces_and_identity_are_told(client: ImapClient) -> None:
    namespaces = await client.namespaces()

    assert [entry.separator for entry in namespaces.personal] == ["/"]
    assert (await client.identify({"name": "Postroom"}))["name"] == "Dovecot"


async def test_a_master_signs_in_for_another_account(endpoint: Endpoint, account: str, client: ImapClient) -> None:
    await client.append(INBOX, [message(1)])

    async with await ImapClient.open(endpoint) as other:
        await other.login(PasswordCredentials("master", "master-pw", authorization=account))
        assert other.is_signed_in
        assert (await other.examine(INBOX)).exists == 1


@pytest.mark.parametrize(
    "credentials",
    [
        PasswordCredentials("someone", "wrong"),
        PasswordCredentials("someone", "wröng\r\n"),
        PasswordCredentials("master", "wrong", authorization="someone"),
        PasswordCredentials("someone", "pw", authorization="someone-else"),
    ],
)
async def test_a_wrong_password_is_refused(endpoint: Endpoint, credentials: PasswordCredentials) -> None:
    async with await ImapClient.open(endpoint) as client:
        with pytest.raises(ImapAuthenticationError):
            await client.login(credentials)
        assert not client.is_signed_in


@pytest.mark.parametrize("fixture", ["tls_endpoint", "starttls_endpoint"])
async def test_mail_travels_over_tls(request: pytest.FixtureRequest, fixture: str, account: str) -> None:
    endpoint: Endpoint = request.getfixturevalue(fixture)
    body = b"x" * 1_500_000 + b"\r\n"

    async with await ImapClient.open(endpoint) as client:
        assert client.is_encrypted
        await client.login(PasswordCredentials(account, "pw"))
        await client.append(INBOX, [OutgoingMessage(len(body), body)] * 3)
        await client.examine(INBOX)
        received = [await item.read() async for item in client.fetch_messages(UidSet.since(1))]

    assert received == [body] * 3


@pytest.mark.parametrize("fixture", ["tls_endpoint", "starttls_endpoint"])
async def test_a_certificate_for_another_name_or_from_a_stranger_is_refused(
    request: pytest.FixtureRequest, fixture: str
) -> None:
    endpoint: Endpoint = request.getfixturevalue(fixture)

    for untrusted in (
        replace(endpoint, server_name="mail.example.org"),
        replace(endpoint, tls=ssl.create_default_context()),
    ):
        with pytest.raises(ImapTlsError):
            await ImapClient.open(untrusted)


async def test_tls_on_a_port_without_it_is_refused(port: int, trust: ssl.SSLContext) -> None:
    with pytest.raises(ImapTlsError):
        await ImapClient.open(Endpoint(tcp("127.0.0.1", port), Security.TLS, "localhost", trust))


async def test_another_client_sees_the_same_mailbox(client: ImapClient, port: int, account: str) -> None:
    name = MailboxName.of("Équipe 🎉")
    await client.create(name)
    await client.append(name, [message(number) for number in range(20)])

    def look() -> tuple[set[str], dict[int, dict[bytes, object]]]:
        with imapclient.IMAPClient("127.0.0.1", port, ssl=False) as peer:
            peer.login(account, "pw")
            peer.normalise_times = False
            folders = {folder[2] for folder in peer.list_folders()}
            peer.select_folder(name.text, readonly=True)
            return folders, peer.fetch(list(range(1, 21)), ["FLAGS", "INTERNALDATE", "BODY.PEEK[]"])

    folders, seen = await asyncio.to_thread(look)

    assert folders == {box.name.text for box in await client.mailboxes()}
    await client.examine(name)
    ours = await stored(client)
    assert [uid for uid, *_ in ours] == list(seen)
    for uid, flags, date, body in ours:
        assert seen[uid][b"BODY[]"] == body
        assert set(seen[uid][b"FLAGS"]) - {b"\\Recent"} == {flag.encode() for flag in flags}  # type: ignore[call-overload] # untyped
        assert date is not None
        assert seen[uid][b"INTERNALDATE"] == date.moment()

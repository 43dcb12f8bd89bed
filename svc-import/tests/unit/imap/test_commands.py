"""What is sent, octet for octet."""

import binascii
from collections.abc import AsyncIterator

import pytest

from postroom_import.imap import commands
from postroom_import.imap.authentication import PasswordCredentials, TokenCredentials, sign_in
from postroom_import.imap.commands import Command
from postroom_import.imap.encoding import WRITE_BYTES, LiteralMode, Prompt, Step, Upload, steps
from postroom_import.imap.errors import ImapAuthenticationError, ImapUsageError
from postroom_import.imap.internal_dates import InternalDate
from postroom_import.imap.names import MailboxName
from postroom_import.imap.outgoing import OutgoingMessage, append

_BOX = MailboxName.of("a b")


def sent(command: Command, mode: LiteralMode = LiteralMode.PLUS) -> list[Step]:
    return list(steps(b"P1", command, mode))


def test_names_are_quoted_and_nothing_else_is_needed() -> None:
    assert sent(commands.create(MailboxName.of('É "x"\\'))) == [b'P1 CREATE "&AMk- \\"x\\"\\\\"\r\n']
    assert sent(commands.open_mailbox(_BOX, read_only=True, with_modseq=True)) == [b'P1 EXAMINE "a b" (CONDSTORE)\r\n']
    assert sent(commands.open_mailbox(_BOX, read_only=False, with_modseq=False)) == [b'P1 SELECT "a b"\r\n']
    assert sent(commands.subscribe(_BOX)) == [b'P1 SUBSCRIBE "a b"\r\n']
    assert sent(commands.status(_BOX, ["UIDNEXT", "MESSAGES"])) == [b'P1 STATUS "a b" (UIDNEXT MESSAGES)\r\n']


def test_list_asks_for_what_the_server_can_return() -> None:
    assert sent(commands.list_mailboxes()) == [b'P1 LIST "" "*"\r\n']
    assert sent(commands.list_mailboxes(returning=["SUBSCRIBED", "SPECIAL-USE"], status_items=["UIDNEXT"])) == [
        b'P1 LIST "" "*" RETURN (SUBSCRIBED SPECIAL-USE STATUS (UIDNEXT))\r\n'
    ]


def test_searches_and_fetches_name_their_uids() -> None:
    assert sent(commands.uid_search(b"1:*", extended=True)) == [b"P1 UID SEARCH RETURN (ALL) UID 1:*\r\n"]
    assert sent(commands.uid_search(b"7", extended=False)) == [b"P1 UID SEARCH UID 7\r\n"]
    assert sent(commands.uid_fetch(b"1:3", b"(UID)")) == [b"P1 UID FETCH 1:3 (UID)\r\n"]


def test_who_asks_is_told_in_quotes() -> None:
    assert sent(commands.identify([("name", 'a"b')])) == [b'P1 ID ("name" "a\\"b")\r\n']
    assert sent(commands.identify([])) == [b"P1 ID NIL\r\n"]
    with pytest.raises(ImapUsageError):
        commands.identify([("name", "a\r\nb")])


def test_a_batch_is_one_command_and_one_write() -> None:
    first = OutgoingMessage(2, b"ab", frozenset({"\\Seen", "$x"}), InternalDate(b"7-Jul-1996 02:44:25 -0700"))
    second = OutgoingMessage(3, b"cde")

    assert sent(append(_BOX, [first, second])) == [
        b'P1 APPEND "a b" ($x \\Seen) " 7-Jul-1996 02:44:25 -0700" {2+}\r\nab () {3+}\r\ncde\r\n'
    ]


def test_without_literal_plus_each_literal_waits_for_the_server() -> None:
    command = append(_BOX, [OutgoingMessage(2, b"ab"), OutgoingMessage(1, b"c")])

    assert sent(command, LiteralMode.SYNCHRONISING) == [
        b'P1 APPEND "a b" () {2}\r\n',
        Prompt.WAIT,
        b"ab () {1}\r\n",
        Prompt.WAIT,
        b"c\r\n",
    ]


def test_literal_minus_waits_only_above_4096_octets() -> None:
    small, large = OutgoingMessage(4096, b"x" * 4096), OutgoingMessage(4097, b"x" * 4097)

    assert Prompt.WAIT not in sent(append(_BOX, [small]), LiteralMode.MINUS)
    assert Prompt.WAIT in sent(append(_BOX, [large]), LiteralMode.MINUS)


def test_a_large_body_is_sent_in_many_writes_and_a_stream_as_it_comes() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b""

    large = sent(append(_BOX, [OutgoingMessage(1_000_000, bytes(1_000_000))]))
    streamed = sent(append(_BOX, [OutgoingMessage(5, pieces)]))

    assert all(isinstance(step, bytes) and len(step) <= 2 * WRITE_BYTES for step in large)
    assert streamed == [b'P1 APPEND "a b" () {5+}\r\n', Upload(5, pieces), b"\r\n"]


def test_plain_names_the_account_to_act_for() -> None:
    command = sign_in(PasswordCredentials("master", "sécret", "u1"), frozenset({"AUTH=PLAIN", "SASL-IR"}))

    (wire,) = sent(command)

    assert isinstance(wire, bytes)
    assert binascii.a2b_base64(wire.split()[-1]) == "u1\0master\0sécret".encode()


def test_without_sasl_ir_the_password_waits_for_the_server() -> None:
    command = sign_in(PasswordCredentials("u", "p"), frozenset({"AUTH=PLAIN"}))

    assert sent(command) == [b"P1 AUTHENTICATE PLAIN\r\n", Prompt.WAIT, b"AHUAcA==\r\n"]


def test_login_is_the_last_resort_and_carries_any_password() -> None:
    assert sent(sign_in(PasswordCredentials("u", 'p"\\'), frozenset())) == [b'P1 LOGIN "u" "p\\"\\\\"\r\n']
    assert sent(sign_in(PasswordCredentials("u", "é\r\n"), frozenset()), LiteralMode.SYNCHRONISING) == [
        b'P1 LOGIN "u" {4}\r\n',
        Prompt.WAIT,
        "é\r\n\r\n".encode(),
    ]


@pytest.mark.parametrize(
    ("mechanism", "message"),
    [
        ("OAUTHBEARER", b"n,a=a=2C=3Db@x.org,\x01auth=Bearer t0ken\x01\x01"),
        ("XOAUTH2", b"user=a,=b@x.org\x01auth=Bearer t0ken\x01\x01"),
    ],
)
def test_a_token_is_wrapped_as_its_mechanism_wants(mechanism: str, message: bytes) -> None:
    command = sign_in(TokenCredentials("a,=b@x.org", "t0ken"), frozenset({f"AUTH={mechanism}", "SASL-IR"}))

    (wire,) = sent(command)

    assert isinstance(wire, bytes)
    assert wire.split()[2] == mechanism.encode()
    assert binascii.a2b_base64(wire.split()[-1]) == message


@pytest.mark.parametrize(
    ("credentials", "capabilities"),
    [
        (PasswordCredentials("u", "p"), {"LOGINDISABLED"}),
        (PasswordCredentials("m", "p", "u"), set[str]()),
        (TokenCredentials("u", "t"), {"AUTH=PLAIN"}),
    ],
)
def test_without_a_common_way_to_sign_in_nothing_is_sent(
    credentials: PasswordCredentials | TokenCredentials, capabilities: set[str]
) -> None:
    with pytest.raises(ImapAuthenticationError):
        sign_in(credentials, frozenset(capabilities))


def test_credentials_hold_nothing_that_ends_a_field() -> None:
    with pytest.raises(ImapUsageError):
        PasswordCredentials("u\0x", "p")
    with pytest.raises(ImapUsageError):
        TokenCredentials("u\x01auth=", "t")


def test_secrets_are_not_shown() -> None:
    credentials = PasswordCredentials("u", "s3cret")

    assert "s3cret" not in repr(credentials)
    assert "s3cret" not in repr(TokenCredentials("u", "s3cret"))
    assert "s3cret" not in repr(sign_in(credentials, frozenset()))

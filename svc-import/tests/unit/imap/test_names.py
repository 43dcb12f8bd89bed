"""Mailbox names on the wire and on the screen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_import.imap.errors import ImapUsageError
from postroom_import.imap.names import INBOX, MailboxName, decode_utf7, encode_utf7, quote

_NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r\n"), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"),  # RFC 3501 §5.1.3
        ("Équipe/À faire", b"&AMk-quipe/&AMA- faire"),
        ("&amp", b"&-amp"),
        ("5* hotels", b"5* hotels"),
        ("100% sure", b"100% sure"),
        ("🎉", b"&2DzfiQ-"),
        ("tab\there", b"tab&AAk-here"),
    ],
)
def test_a_name_is_spelt_as_the_rfc_says(text: str, wire: bytes) -> None:
    assert encode_utf7(text) == wire
    assert decode_utf7(wire) == text


@given(_NAMES)
def test_every_name_comes_back_from_the_wire_as_it_was(text: str) -> None:
    name = MailboxName.of(text)

    assert MailboxName(name.wire).text == name.text
    assert name.text == ("INBOX" if text.upper() == "INBOX" else text)
    assert all(0x20 <= octet <= 0x7E for octet in name.wire)


@given(st.binary(min_size=1, max_size=60).filter(lambda wire: not set(wire) & set(b"\x00\r\n")))
def test_a_broken_name_can_still_be_shown_and_opened(wire: bytes) -> None:
    name = MailboxName(wire)

    assert isinstance(name.text, str)
    assert name.wire == (b"INBOX" if wire.upper() == b"INBOX" else wire)


@pytest.mark.parametrize("wire", [b"&", b"&AMk", b"&AM!-", b"&2Dw-", b"&A-", b"\xff"])
def test_a_broken_name_is_not_taken_for_text(wire: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - binascii and codecs have their own kinds
        decode_utf7(wire)

    assert MailboxName(wire).text


@pytest.mark.parametrize("text", ["", "a\r\nb", "a\x00", "x\n", "\ud83c"])
def test_a_name_that_could_end_a_command_is_refused(text: str) -> None:
    with pytest.raises(ImapUsageError):
        MailboxName.of(text)


def test_inbox_is_one_mailbox_in_any_case() -> None:
    assert MailboxName.of("InBoX") == INBOX
    assert INBOX.is_inbox
    assert MailboxName.of("inbox/sub") != MailboxName.of("INBOX/sub")


def test_a_name_splits_at_the_separator_of_its_server() -> None:
    assert MailboxName.of("Équipe/À faire").parts("/") == ("Équipe", "À faire")
    assert MailboxName.of("a.b").parts(None) == ("a.b",)


def test_quotes_escape_what_would_end_them() -> None:
    assert quote(b'a"b\\c') == b'"a\\"b\\\\c"'
    assert quote(b"a\nb") is None
    assert quote(b"\xc3\xa9") is None

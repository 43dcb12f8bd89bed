"""What holds for every input."""

import email.policy
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from postroom_smtp_guard.decision.decide import decide
from postroom_smtp_guard.decision.domain import Grant, UnreadableError, Verdict
from postroom_smtp_guard.decision.header import header_of
from postroom_smtp_guard.decision.paths import comparable, fold
from postroom_smtp_guard.decision.senders import ValidSenders

OWN = "bob@example.org"
SENDERS = ValidSenders.of(OWN, [("sales@example.org", Grant.ALIAS)])
PIECES = [
    b"From:", b"from :", b"Sender:", b"Resent-From:", b" ", b"\t", b"\r\n", b"\n", b"\r", b"\0", b"<", b">", b"@", b",",
    b";", b":", b'"', b"\\", b"(", b")", b"bob", b"ceo", b"example.org", b"bob@example.org", b"ceo@example.org",
    b"<bob@example.org>", b"<ceo@example.org>", b"=?utf-8?q?bob?=", b"\xc3\xa9", b"\x85", b"\xe2\x80\xa8", b"\x0c",
    b".",
]  # fmt: skip
headers = st.lists(st.sampled_from(PIECES), max_size=24).map(b"".join)


@given(headers | st.binary(max_size=200), st.binary(max_size=60) | st.just(OWN.encode()), st.booleans())
@settings(max_examples=600)
def test_every_input_gets_a_verdict(header: bytes, envelope: bytes, utf8: bool) -> None:
    decision = decide(SENDERS, envelope=envelope, header=header_of(header), utf8=utf8)

    assert decision.verdict in Verdict
    assert all(0 <= check.position <= max(len(header), len(envelope)) + 2 for check in decision.checks)


@given(headers)
@settings(max_examples=1500)
def test_nothing_passes_in_which_another_reader_finds_a_stranger(header: bytes) -> None:
    block = b"From: <bob@example.org>\r\n" + header

    if decide(SENDERS, envelope=b"", header=header_of(block)).verdict is Verdict.ALLOW:
        # Every way to split lines, every way to name the field: the stranger must not be behind any From.
        named = re.findall(rb"(?im)(?:^|[\r\n\x0b\x0c\x1c-\x1e\x85\xa8\xa9])[ \t]*from[ \t]*:(.*)", header_of(block))
        assert not any(b"ceo@" in value for value in named)


@given(headers)
@settings(max_examples=1500)
def test_the_standard_librarys_reading_of_what_passes_is_owned(header: bytes) -> None:
    block = header_of(b"To: x@example.net\r\n" + header)

    if decide(SENDERS, envelope=b"", header=block).verdict is Verdict.ALLOW:
        message = email.message_from_bytes(block + b"\r\n", policy=email.policy.default)
        assert {a.addr_spec.lower() for f in message.get_all("From") for a in f.addresses} <= set(SENDERS.addresses)


@given(st.text(max_size=40))
def test_folding_changes_ascii_letters_only(text: str) -> None:
    assert [a for a in text if not a.isascii()] == [a for a in fold(text) if not a.isascii()]
    assert len(fold(text)) == len(text)


@given(st.emails())
def test_the_comparable_form_of_a_comparable_form_is_itself(address: str) -> None:
    try:
        once = comparable(address, utf8=True)
    except UnreadableError:
        return
    assert comparable(once, utf8=True) == once

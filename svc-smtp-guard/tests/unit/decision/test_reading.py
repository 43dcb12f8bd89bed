"""How headers and addresses are read; what has two readings is refused, with the place."""

import pytest

from postroom_smtp_guard.decision.decide import check_envelope, check_header, decide
from postroom_smtp_guard.decision.domain import Check, Field, Grant, Remedy, Rule, UnreadableError, Verdict
from postroom_smtp_guard.decision.header import header_of, naming_fields
from postroom_smtp_guard.decision.mailboxes import read_mailboxes
from postroom_smtp_guard.decision.senders import ValidSenders

SENDERS = ValidSenders.of("bob@example.org", [("bob@bücher.example", Grant.ALIAS)])


def one(header: bytes, *, utf8: bool = False) -> Check:
    checks = check_header(SENDERS, header, utf8=utf8)
    return next((check for check in checks if not check.passed), checks[0])


@pytest.mark.parametrize(
    "value",
    [
        b" bob@example.org",
        b" Bob <bob@example.org>",
        b" <bob@example.org>",
        b"\tJohn Q. Public <bob@example.org>",
        b' "Smith, Bob" <bob@example.org>',
        b" Bob (at work) <bob@example.org>",
        b" Bob <bob@example.org> (at work)",
        b" =?utf-8?Q?B=C3=B6b?= <bob@example.org>",
        "Böb <bob@example.org>".encode(),
        b' "a\r\n b" <bob@example.org>',
        b" <bob@xn--bcher-kva.example>",
    ],
)
def test_what_mail_programs_write_is_read(value: bytes) -> None:
    assert one(b"From:" + value + b"\r\n").verdict is Verdict.ALLOW


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (b" undisclosed:;", Rule.ADDRESS_SYNTAX),
        (b" group: bob@example.org;", Rule.ADDRESS_SYNTAX),
        (b" ,bob@example.org", Rule.ADDRESS_SYNTAX),
        (b" bob@example.org bob@example.org", Rule.ADDRESS_SYNTAX),
        (b" Smith, Bob <bob@example.org>", Rule.ADDRESS_SYNTAX),
        (b" bob(c)@example.org", Rule.ADDRESS_SYNTAX),
        (b" (bob@example.org) bob@example.org", Rule.ADDRESS_SYNTAX),
        (b" < bob@example.org>", Rule.ADDRESS_SYNTAX),
        (b" bob@[127.0.0.1]", Rule.ADDRESS_SYNTAX),
        (b" bob@127.0.0.1", Rule.ADDRESS_SYNTAX),
        (b' "open <bob@example.org>', Rule.ADDRESS_SYNTAX),
        (b" (a (b)) <bob@example.org>", Rule.ADDRESS_SYNTAX),
        (b" <bob@xn--.example>", Rule.ADDRESS_SYNTAX),
        (b" <bob@XN--BCHER-KVA-.example>", Rule.ADDRESS_SYNTAX),
        ("Bob\x85 <bob@example.org>".encode(), Rule.CONTROL_CHARACTER),
    ],
)
def test_what_readers_take_apart_differently_is_refused(value: bytes, rule: Rule) -> None:
    check = one(b"From:" + value + b"\r\n", utf8=True)

    assert (check.verdict, check.rule) == (Verdict.UNREADABLE, rule)


def test_the_place_of_the_failure_is_told_in_octets() -> None:
    header = "X-A: é\r\nFrom: Bob <bob@exa_mple.org>\r\n".encode()

    assert one(header).position == header.index(b"exa_mple")


def test_a_foreign_address_is_told_with_its_place_and_remedy() -> None:
    header = b"From: Bob <CEO@Example.org>\r\n"

    check = one(header)

    assert check == Check(
        Verdict.MISMATCH, Field.FROM, Rule.OWNED, "ceo@example.org", header.index(b"CEO"), Remedy.ADD_ALIAS
    )
    assert one(b"From: <x@else.example>\r\n").remedy is Remedy.ASK_FOR_SEND_AS


@pytest.mark.parametrize("separator", [b"\x85", "\x85".encode(), "\u2028".encode(), "\u2029".encode()])
def test_a_field_behind_an_unusual_line_end_is_refused(separator: bytes) -> None:
    header = b"From: <bob@example.org>\r\nSubject: a" + separator + b"From: <ceo@example.org>\r\n"

    assert one(header).rule is Rule.HIDDEN_FIELD


def test_a_subject_in_a_legacy_character_set_is_no_reason_to_refuse() -> None:
    assert one(b"From: <bob@example.org>\r\nSubject: Gr\xfc\xdfe \x85\r\n").verdict is Verdict.ALLOW


def test_sender_is_judged_even_when_from_is_owned() -> None:
    checks = check_header(SENDERS, b"Sender: <x@example.org>\r\nFrom: <bob@example.org>\r\n")

    assert [(check.field, check.verdict) for check in checks] == [
        (Field.FROM, Verdict.ALLOW),
        (Field.SENDER, Verdict.MISMATCH),
    ]


def test_on_behalf_needs_a_sender_that_is_the_logins_own() -> None:
    senders = ValidSenders.of("bob@example.org", [("team@example.org", Grant.SEND_AS)], on_behalf=["ceo@example.org"])
    header = b"From: <ceo@example.org>\r\n"

    alone = check_header(senders, header)[0]
    by_team = check_header(senders, header + b"Sender: <team@example.org>\r\n")[0]

    assert (alone.rule, alone.remedy) == (Rule.SENDER_REQUIRED, Remedy.SET_SENDER)
    assert by_team.rule is Rule.SENDER_REQUIRED


def test_the_null_sender_passes_and_the_header_still_decides() -> None:
    assert check_envelope(SENDERS, b"").grant is Grant.NULL_SENDER
    assert decide(SENDERS, envelope=b"", header=b"From: <x@example.org>\r\n").verdict is Verdict.MISMATCH


def test_an_envelope_of_octets_that_are_no_text_is_unreadable() -> None:
    assert check_envelope(SENDERS, b"b\xffb@example.org", utf8=True).rule is Rule.CHARACTER_SET
    assert check_envelope(SENDERS, "b\u200bb@example.org".encode(), utf8=True).rule is Rule.ADDRESS_SYNTAX
    assert check_envelope(SENDERS, b"a" * 400 + b"@example.org").rule is Rule.ADDRESS_SYNTAX


def test_a_header_ends_at_the_first_empty_line() -> None:
    assert header_of(b"A: 1\r\n\r\nFrom: x\r\n") == b"A: 1\r\n"
    assert header_of(b"\r\nFrom: x\r\n") == b""
    assert header_of(b"A: 1\r\n") == b"A: 1\r\n"


def test_a_last_line_without_its_end_is_a_line() -> None:
    assert naming_fields(b"From: <bob@example.org>")[0].value == b" <bob@example.org>"


def test_several_addresses_are_all_found() -> None:
    found = read_mailboxes(b' a@example.org, "x" <b@example.org>', utf8=False)

    assert [each.address for each in found] == ["a@example.org", "b@example.org"]


@pytest.mark.parametrize("octets", [8_000, 20_000])
def test_a_field_is_bounded(octets: int) -> None:
    folded = b"\r\n ".join([b"x" * 400] * (octets // 400))

    if octets > 16_384:
        with pytest.raises(UnreadableError, match="field_too_long"):
            naming_fields(b"From: " + folded + b" <bob@example.org>\r\n")
    else:
        assert naming_fields(b"From: " + folded + b" <bob@example.org>\r\n")

"""Sets of uids, dates, refusals and messages to be sent."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_import.imap.errors import (
    ImapAuthenticationError,
    ImapMailboxExistsError,
    ImapMailboxMissingError,
    ImapOverQuotaError,
    ImapProtocolError,
    ImapRefusedError,
    ImapTooBigError,
    ImapUnavailableError,
    ImapUsageError,
    refusal,
)
from postroom_import.imap.internal_dates import InternalDate
from postroom_import.imap.outgoing import OutgoingMessage, is_sendable_flag
from postroom_import.imap.uid_sets import MAX_SET_BYTES, UidSet


@given(st.sets(st.integers(1, 5_000), max_size=300))
def test_a_set_of_uids_comes_back_from_the_wire_as_it_was(uids: set[int]) -> None:
    rendered = UidSet.of(uids)

    assert list(rendered) == sorted(uids)
    assert rendered.count() == len(uids)
    assert [uid for wire in rendered.wires() for uid in UidSet.parse(wire)] == sorted(uids)
    assert all(uid in rendered for uid in uids)
    assert 0 not in rendered


def test_a_long_set_is_cut_into_commands_a_server_takes() -> None:
    scattered = UidSet.of(range(1, 100_000, 2))

    wires = list(scattered.wires())

    assert len(wires) > 1
    assert all(len(wire) <= MAX_SET_BYTES for wire in wires)
    assert sum(UidSet.parse(wire).count() for wire in wires) == 50_000


def test_an_open_end_is_a_star() -> None:
    assert list(UidSet.since(7).wires()) == [b"7:*"]
    assert not UidSet.of([])


def test_a_hostile_range_costs_nothing_until_it_is_walked() -> None:
    assert UidSet.parse(b"1:4294967295,3").count() == 4294967296


@pytest.mark.parametrize("wire", [b"1:", b"a", b"1,,2", b"1:2:3", b"99999999999", b"-1"])
def test_a_malformed_set_is_refused(wire: bytes) -> None:
    with pytest.raises(ImapProtocolError):
        UidSet.parse(wire)


def test_a_date_is_kept_as_the_server_wrote_it() -> None:
    date = InternalDate(b" 7-jul-1996 02:44:25 -0730")

    assert date.moment() == datetime(1996, 7, 7, 2, 44, 25, tzinfo=timezone(-timedelta(hours=7, minutes=30)))
    assert date.is_valid


@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)),  # noqa: DTZ001 - the zone is the other argument
    st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_every_aware_moment_can_be_written_as_a_date(naive: datetime, zone: timezone) -> None:
    moment = naive.replace(tzinfo=zone, microsecond=0)

    date = InternalDate.of(moment)

    assert len(date.wire) == 26
    assert date.moment() == moment
    assert date.moment().utcoffset() == moment.utcoffset()


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ImapUsageError):
        InternalDate.of(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize("wire", [b"", b"yesterday", b"31-Feb-2026 00:00:00 +0000", b"01-Jan-2026 00:00:00 +9900"])
def test_what_is_no_date_says_so(wire: bytes) -> None:
    assert not InternalDate(wire).is_valid


def test_utc_is_utc() -> None:
    assert InternalDate(b"01-Jan-2026 00:00:00 +0000").moment().tzinfo is UTC


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AUTHENTICATIONFAILED", ImapAuthenticationError),
        ("UNAVAILABLE", ImapUnavailableError),
        ("OVERQUOTA", ImapOverQuotaError),
        ("TOOBIG", ImapTooBigError),
        ("TRYCREATE", ImapMailboxMissingError),
        ("NONEXISTENT", ImapMailboxMissingError),
        ("ALREADYEXISTS", ImapMailboxExistsError),
        ("XYZZY", ImapRefusedError),
        ("", ImapRefusedError),
    ],
)
def test_a_refusal_is_named_after_its_code(code: str, kind: type[ImapRefusedError]) -> None:
    error = refusal("words", code=code, is_bad=False)

    assert type(error) is kind
    assert (error.code, error.text) == (code, "words")


@pytest.mark.parametrize("flag", ["\\Seen", "$Forwarded", "label1", "NonJunk", "a+b~"])
def test_flags_and_keywords_can_be_sent(flag: str) -> None:
    assert is_sendable_flag(flag)


@pytest.mark.parametrize(
    "flag", ["", "\\Recent", "\\recent", "\\*", "a b", "a)", 'a"', "a\r\n", "\xe9", "a]", "\\", "{1}"]
)
def test_what_is_no_flag_cannot_be_sent(flag: str) -> None:
    assert not is_sendable_flag(flag)
    with pytest.raises(ImapUsageError):
        OutgoingMessage(1, b"x", frozenset({flag}))


def test_an_empty_message_cannot_be_sent_because_it_would_cancel_its_batch() -> None:
    with pytest.raises(ImapUsageError):
        OutgoingMessage(0, b"")


def test_a_message_is_as_long_as_it_says() -> None:
    with pytest.raises(ImapUsageError):
        OutgoingMessage(2, b"x")
    with pytest.raises(ImapUsageError):
        OutgoingMessage(1, b"x", internal_date=InternalDate(b'now" {3}'))

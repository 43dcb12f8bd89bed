from datetime import UTC, datetime
from typing import Any

import pytest

from postroom_logs.daemons import log_events as said
from postroom_logs.daemons.registration import all_readers, reads
from postroom_logs.lines.reading import LineReader


def read(program: str, text: str):
    source = LineReader(zone=UTC, latest=datetime(2026, 11, 25, tzinfo=UTC))
    line = source.read(f"Nov  1 00:00:01 mx {program}: {text}")
    return "?" if source.unknowns.total else line.event if line else None


def acted(action: str, target: str, *, session: str = "S/Q"):
    return said.MailboxActed("u@d.example", session, "i@x", action, target)


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("lmtp(u@d.example)<1><S/Q>: sieve: msgid=<i@x>: stored mail into mailbox 'INBOX'", acted("stored", "INBOX")),
        ("lmtp(u@d.example)<1><S/Q>: sieve: msgid=<i@x>: stored mail into mailbox 'it's'", acted("stored", "it's")),
        (
            "lmtp(u@d.example)<1><S/Q>: sieve: msgid=<i@x>: fileinto action: stored mail into mailbox 'A.B'",
            acted("stored", "A.B"),
        ),
        ("lmtp(u@d.example): S/Q: sieve: msgid=<i@x>: stored mail into mailbox 'INBOX'", acted("stored", "INBOX")),
        ("lmtp(123, u@d.example): S/Q: msgid=<i@x>: saved mail to INBOX", acted("stored", "INBOX")),
        ("lmtp(u@d.example)<1><S/Q>: msgid=<i@x>: saved mail to INBOX", acted("stored", "INBOX")),
        ("lmtp(u@d.example)<1><S/Q>: sieve: msgid=<i@x>: forwarded to <f@e.test>", acted("forwarded", "f@e.test")),
        ("lmtp(u@d.example)<1><S/Q>: sieve: msgid=<i@x>: sent vacation response to <f@e>", acted("answered", "f@e")),
        ("lmtp(u@d.example)<1><S/Q>: sieve: msgid=<i@x>: discarded vacation reply to <>", acted("silent", "")),
        (
            "lmtp(u@d.example)<1><S/Q>: sieve: msgid=<i@x>: Marked message to be discarded if not explicitly delivered"
            " (discard action)",
            acted("discarded", " if not explicitly delivered (discard action)"),
        ),
        (
            "lmtp(u@d.example)<1><S/Q>: sieve: msgid=<i@x>: rejected message from <f@e> (ereject)",
            acted("refused", "f@e"),
        ),
        (
            "lda(u@d.example)<1><S/Q>: sieve: msgid=<i@x>: stored mail into mailbox 'INBOX'",
            acted("stored", "INBOX", session=""),
        ),
        ("lmtp(u@d.example)<1><S/Q>: sieve: msgid=<i@x>: a new kind of action", "?"),
        ("lmtp(1): Connect from local", None),
        ("imap(u@d.example)<1><x>: Logged out", None),
        (
            "imap-login: Login: user=<u@d>, method=PLAIN, rip=::1, lip=::1, mpid=1, TLS",
            said.LoggedIn("imap", "u@d", "::1"),
        ),
        ("imap-login: Logged in: user=<u@d>, method=PLAIN, rip=::1, lip=::1", said.LoggedIn("imap", "u@d", "::1")),
        (
            "imap-login: Login aborted: Connection closed (auth failed, 1 attempts in 2 secs) (auth_failed): "
            "user=<u@d>, method=PLAIN, rip=::1, lip=::1",
            said.LoginFailed(
                "imap", "u@d", None, "::1", None, None, None,
                "Login aborted: Connection closed (auth failed, 1 attempts in 2 secs) (auth_failed)",
            ),
        ),
    ],
)  # fmt: skip
def test_dovecot_of_all_ages_is_read(text: str, event: Any):
    assert read("dovecot", text) == event


@pytest.mark.parametrize(
    ("program", "text", "event"),
    [
        (
            "opendkim[1]",
            "AB12CD: DKIM-Signature field added (s=m, d=x)",
            said.Authenticated("AB12CD", "dkim", "signed"),
        ),
        ("opendkim[1]", "AB12CD: DKIM verification successful", said.Authenticated("AB12CD", "dkim", "pass")),
        ("opendkim[1]", "AB12CD: no signature data", said.Authenticated("AB12CD", "dkim", "none")),
        ("opendkim[1]", "AB12CD: bad signature data", said.Authenticated("AB12CD", "dkim", "fail")),
        ("opendmarc[1]", "AB12CD: x.example fail", said.Authenticated("AB12CD", "dmarc", "fail")),
        ("opendmarc[1]", "ignoring connection from x", None),
        (
            "rspamd[1]",
            "<ab>; task; rspamd_task_write_log: id: <i@x>, qid: <AB12CD>, ip: ::1, from: <a@b>, (default: T (reject): "
            "[22.50/15.00] [X(1.00){a;}]), len: 1, rcpts: <a@b,c@d>, mime_rcpts: <a@b>",
            said.Scanned("AB12CD", "i@x", "reject", 22.5, 15.0, "a@b,c@d"),
        ),
        ("rspamd[1]", "<ab>; lua; something else", None),
        ("amavis[1]", "(1-2) Passed in a way never seen", "?"),
        ("amavis[1]", "(1-2) starting", None),
    ],
)
def test_filters_are_read(program: str, text: str, event: Any):
    assert read(program, text) == event


def exim(text: str):
    return read("exim[1]", f"2026-11-01 00:00:01 {text}")


def test_exims_arrival_says_everything_at_once():
    event = exim(
        "1abcDE-0001xy-2Z <= a@b.example H=mx.example (helo) [192.0.2.1]:55 P=esmtpsa X=TLS1.3:X:256 CV=no "
        'A=plain:u@b S=1234 id=i@x T="S=9 id=forged" from <a@b.example> for c@d'
    )

    assert event == said.Arrived(
        "1abcDE-0001xy-2Z", "a@b.example", 1234, "i@x", "mx.example", "192.0.2.1", "u@b", None, False
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('=> c@d R=dns T=smtp H=mx [192.0.2.2]:25 C="250 2.0.5 OK"', ("c@d", None, "sent", "2.0.5", "250 2.0.5 OK")),
        ("=> c <c@d> R=local T=mail_spool", ("c@d", None, "sent", "2.0.0", "")),
        ("-> e@f <c@d> R=dns T=remote_smtp H=mx [192.0.2.2]", ("e@f", "c@d", "sent", "2.0.0", "")),
        ("=> :blackhole: <c@d> R=x", ("c@d", None, "discarded", "2.0.0", "blackhole")),
        (
            "== c@d R=dns T=remote_smtp defer (-53): retry time not reached",
            ("c@d", None, "deferred", "4.0.0", "defer (-53): retry time not reached"),
        ),
        (
            "** c@d R=dns T=remote_smtp: SMTP error from remote mail server after RCPT TO:<c@d>: 550 5.1.1 no",
            ("c@d", None, "bounced", "5.1.1", "SMTP error from remote mail server after RCPT TO:<c@d>: 550 5.1.1 no"),
        ),
    ],
)  # fmt: skip
def test_exims_attempts_are_read(text: str, expected: tuple[str | None, ...]):
    event = exim(f"1abcDE-0001xy-2Z {text}")

    assert (event.recipient, event.original_recipient, event.status, event.dsn, event.text) == expected


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("1abcDE-0001xy-2Z Completed", said.Removed("1abcDE-0001xy-2Z")),
        ("1abcDE-000000001xy-2Zab Completed", said.Removed("1abcDE-000000001xy-2Zab")),
        ("1abcDE-0001xy-2Z Frozen (message created with -f <>)", said.Held("1abcDE-0001xy-2Z")),
        ("1abcDE-0001xy-2Z Unfrozen by forced delivery", said.Released("1abcDE-0001xy-2Z")),
        ("Start queue run: pid=1", None),
        ("H=x [192.0.2.1] F=<a@b> rejected in a new way", "?"),
    ],
)
def test_the_rest_of_exims_log_is_read(text: str, event: Any):
    assert exim(text) == event


def test_exim_refuses_a_whole_message_after_its_data():
    event = exim("1abcDE-0001xy-2Z H=mx (h) [192.0.2.1]:5 F=<a@b> rejected after DATA: virus found")

    assert (event.queue_id, event.ends_message, event.text, event.sender) == (
        "1abcDE-0001xy-2Z", True, "virus found", "a@b",
    )  # fmt: skip


def test_a_program_has_one_reader_only():
    all_readers()

    with pytest.raises(ValueError, match="has a reader already"):
        reads("rspamd")(lambda _line, _start, _program: None)

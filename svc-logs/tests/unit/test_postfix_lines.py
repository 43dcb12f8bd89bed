from datetime import UTC, datetime
from typing import Any

import pytest

from postroom_logs.daemons import log_events as said
from postroom_logs.lines.reading import LineReader

Q = "4XyzABC12z1"


def read(program: str, text: str):
    """Return the event of a line, `None`, or "?" when it is not understood."""
    source = LineReader(zone=UTC, latest=datetime(2026, 11, 25, tzinfo=UTC))
    line = source.read(f"Nov  1 00:00:01 mx {program}[1]: {text}")
    if source.unknowns.total:
        return "?"
    return line.event if line else None


@pytest.mark.parametrize("agent", ["smtp", "lmtp", "local", "virtual", "pipe", "error", "discard", "retry"])
def test_every_delivery_agent_is_read(agent: str):
    event = read(
        f"postfix/{agent}",
        f"{Q}: to=<a@b.example>, orig_to=<c@b.example>, relay=mx[192.0.2.1]:25, conn_use=3, delay=1.2, "
        "delays=0/0/0/0, dsn=2.0.0, status=sent (250 (ok) fine)",
    )

    assert event == said.Attempted(
        Q, "a@b.example", "c@b.example", "mx[192.0.2.1]:25", "1.2", "2.0.0", "sent", "250 (ok) fine", agent
    )


def test_the_instance_and_service_are_part_of_the_programs_name():
    event = read("postfix-out/submission/smtpd", f"{Q}: client=x[::1], sasl_method=PLAIN, sasl_username=a b@c.example")

    assert event == said.Accepted(Q, "x", "::1", "a b@c.example", None, None, "submission")


def test_a_quoted_address_cannot_forge_a_delivery():
    forged = r'"a>, relay=x, delay=1, delays=1, dsn=2.0.0, status=sent (fake)\"b"@c.example'
    event = read(
        "postfix/smtp",
        f"{Q}: to=<{forged}>, relay=none, delay=1, delays=0/0/0/0, dsn=5.1.1, status=bounced (real)",
    )

    assert (event.recipient, event.status, event.text) == (forged, "bounced", "real")


@pytest.mark.parametrize(
    ("program", "text", "event"),
    [
        ("postfix/qmgr", f"{Q}: from=<>, size=12, nrcpt=2 (queue active)", said.Queued(Q, "", 12, 2)),
        ("postfix/qmgr", f"{Q}: from=<a@b>, status=expired, returned to sender", said.Expired(Q)),
        ("postfix/qmgr", f"{Q}: from=<a@b>, status=force-expired, returned to sender", said.Expired(Q)),
        ("postfix/qmgr", f"{Q}: removed", said.Removed(Q)),
        ("postfix/bounce", f"{Q}: sender non-delivery notification: AB12", said.Notified(Q, "AB12", "non-delivery")),
        ("postfix/bounce", f"{Q}: sender delay notification: AB12", said.Notified(Q, "AB12", "delay")),
        (
            "postfix/bounce",
            f"{Q}: postmaster non-delivery notification: AB12",
            said.Notified(Q, "AB12", "non-delivery"),
        ),
        ("postfix/pickup", f"{Q}: uid=0 from=<root>", said.PickedUp(Q, "root")),
        ("postfix/postsuper", f"{Q}: placed on hold", said.Held(Q)),
        ("postfix/postsuper", f"{Q}: released from hold", said.Released(Q)),
        ("postfix/postsuper", f"{Q}: removed", said.Removed(Q)),
        ("postfix/cleanup", f"{Q}: message-id=<a@b>", said.Identified(Q, "a@b")),
        ("postfix/cleanup", f"{Q}: message-id=a b", said.Identified(Q, "a b")),
        ("postfix/cleanup", f"{Q}: resent-message-id=<a@b>", None),
        ("postfix/cleanup", f"{Q}: warning: header Subject: hi from x[192.0.2.1]; from=<a@b> to=<c@d> proto=E", None),
        ("postfix/smtp", f"{Q}: host mx[192.0.2.1] said: 450 4.2.0 later (in reply to RCPT TO command)", None),
        ("postfix/smtp", "connect to mx[192.0.2.1]:25: Connection refused", None),
        ("postfix/smtp", f"{Q}: something never seen", "?"),
        ("postfix/smtp", f"{Q}: to=<a@b>, and then nothing", "?"),
        ("postfix/smtp", f"{Q}: to=<", "?"),
        ("postfix/smtpd", "NOQUEUE: client=x[192.0.2.1]", None),
        ("postfix/smtpd", "proxy-accept: END-OF-MESSAGE: 250 ok; from=<a@b> to=<c@d> proto=ESMTP helo=<x>", None),
        ("postfix/smtpd", f"{Q}: filter: RCPT from x[192.0.2.1]: <c@d>: triggers FILTER x; from=<a@b> to=<c@d>", None),
        ("postfix/smtpd", "lost connection after DATA from x[192.0.2.1]", None),
        ("postfix/smtpd", "something never seen", "?"),
        ("postfix/master", "daemon started -- version 3.7.6", None),
        ("rsyslogd", "imjournal: 17 messages lost due to rate-limiting", said.LinesLost(17)),
    ],
)
def test_lines_of_the_queue_are_read(program: str, text: str, event: Any):
    assert read(program, text) == event


@pytest.mark.parametrize(
    ("program", "text", "expected"),
    [
        (
            "postfix/smtpd",
            "NOQUEUE: reject: RCPT from x[192.0.2.1]: 550 5.1.1 <c@d>: no; from=<a@b> to=<c@d> proto=ESMTP helo=<h>",
            {"action": "reject", "queue_id": None, "stage": "RCPT", "recipient": "c@d", "ends_message": False},
        ),
        (
            "postfix/smtpd",
            f"{Q}: reject: RCPT from x[2001:db8::1]: 550 5.1.1 <c@d>: no; from=<> to=<c@d> proto=ESMTP helo=<h>",
            {"queue_id": Q, "client_address": "2001:db8::1", "sender": "", "helo": "h", "protocol": "ESMTP"},
        ),
        (
            "postfix/postscreen",
            "NOQUEUE: reject: RCPT from [192.0.2.1]:2343: 550 5.7.1 no; from=<a@b>, to=<c@d>, proto=ESMTP, helo=<h>",
            {"client_address": "192.0.2.1", "sender": "a@b", "recipient": "c@d", "text": "550 5.7.1 no"},
        ),
        (
            "postfix/cleanup",
            f"{Q}: milter-reject: END-OF-MESSAGE from x[192.0.2.1]: 5.7.1 spam; from=<a@b> to=<c@d> proto=E helo=<h>",
            {"action": "reject", "ends_message": True, "text": "5.7.1 spam", "client_name": "x"},
        ),
        (
            "postfix/cleanup",
            f"{Q}: milter-hold: END-OF-MESSAGE from x[192.0.2.1]: milter triggers HOLD action; from=<a@b> to=<c@d>",
            {"action": "hold", "recipient": "c@d"},
        ),
        (
            "postfix/cleanup",
            f"{Q}: reject: header Subject: pills from x[192.0.2.1]; from=<a@b> to=<c@d> proto=ESMTP helo=<h>: 5.7.1 no",
            {"action": "reject", "text": "5.7.1 no", "client_address": "192.0.2.1", "ends_message": True},
        ),
        (
            "postfix/smtpd",
            "NOQUEUE: proxy-reject: END-OF-MESSAGE: 554 5.7.0 Reject, id=1; from=<a@b> to=<c@d> proto=ESMTP helo=<h>",
            {"stage": "END-OF-MESSAGE", "text": "554 5.7.0 Reject, id=1", "recipient": "c@d", "ends_message": True},
        ),
        (
            "postfix/smtpd",
            "NOQUEUE: reject: RCPT from x[192.0.2.1]: 554 5.7.1 Service unavailable",
            {"recipient": None, "sender": None, "text": "554 5.7.1 Service unavailable"},
        ),
        (
            "postfix/submission/smtpd",
            "NOQUEUE: reject: RCPT from x[192.0.2.1]: 553 5.7.1 <a@b>: not owned; from=<a@b> to=<c@d> proto=ESMTP "
            "helo=<h> sasl_username=<u@b>",
            {"service": "submission", "login": "u@b"},
        ),
    ],
)
def test_refusals_are_read(program: str, text: str, expected: Any):
    event = read(program, text)

    assert {name: getattr(event, name) for name in expected} == expected

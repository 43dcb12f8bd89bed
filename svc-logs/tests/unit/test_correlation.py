"""One test for each trap of docs/adr/0302-correlation.md."""

from datetime import UTC, datetime

import pytest

from postroom_logs.correlation.correlator import Correlator
from postroom_logs.correlation.deliveries import Delivery
from postroom_logs.correlation.states import dump_state, restore_state
from postroom_logs.lines.reading import LineReader

SENT = "delay=1, delays=0/0/0/0, dsn=2.0.0, status=sent"
LATER = "delay=1, delays=0/0/0/0, dsn=4.4.1, status=deferred (connect to mx[192.0.2.9]:25: Connection timed out)"


class Logged:
    """A log that is written line by line, one a second."""

    def __init__(self) -> None:
        self.reader = LineReader(zone=UTC, latest=datetime(2026, 11, 25, tzinfo=UTC))
        self.correlator = Correlator()
        self.rows: dict[str, Delivery] = {}
        self.second = 0

    def write(self, *lines: str, host: str = "mx1") -> "Logged":
        for line in lines:
            program, _, text = line.partition(": ")
            clock = f"{self.second // 3600:02}:{self.second // 60 % 60:02}:{self.second % 60:02}"
            self.second += 1
            header = f"Nov  1 {clock} {host} {program if program == 'dovecot' else f'postfix/{program}[1]'}"
            self.reader.read_into((f"{header}: {text}",), self.correlator.feed)
        return self

    def restart(self) -> "Logged":
        self.take()
        self.correlator = restore_state(dump_state(self.correlator))
        return self

    def take(self) -> list[Delivery]:
        changes = self.correlator.changes()
        self.rows.update({delivery.key: delivery for delivery in changes})
        return changes

    def all(self) -> list[Delivery]:
        self.take()
        assert self.reader.unknowns.total == 0
        return list(self.rows.values())

    def only(self) -> Delivery:
        (delivery,) = self.all()
        return delivery


def arrival(queue_id: str = "AAAA1", *, sender: str = "s@ext.test", message_id: str = "i@x") -> list[str]:
    return [
        f"smtpd: {queue_id}: client=mx.ext.test[192.0.2.1]",
        f"cleanup: {queue_id}: message-id=<{message_id}>",
        f"qmgr: {queue_id}: from=<{sender}>, size=100, nrcpt=1 (queue active)",
    ]


def stored(queue_id: str, recipient: str, folder: str, *, message_id: str = "i@x", session: str = "S1") -> list[str]:
    return [
        f"dovecot: lmtp({recipient})<1><{session}>: sieve: msgid=<{message_id}>: stored mail into mailbox '{folder}'",
        f"lmtp: {queue_id}: to=<{recipient}>, relay=m[private/lmtp], {SENT} (250 2.0.0 <{recipient}> {session} Saved)",
    ]


def test_a_message_is_told_from_its_arrival_to_its_folder():
    log = Logged().write(*arrival(), *stored("AAAA1", "a@b.example", "Lists/x"), "qmgr: AAAA1: removed")

    row = log.only()
    assert (row.status, row.folder, row.sender, row.recipient) == ("delivered", "Lists/x", "s@ext.test", "a@b.example")
    assert (row.client_address, row.message_id, row.size_bytes, row.submitted) == ("192.0.2.1", "i@x", 100, False)
    assert list(log.correlator.open_messages()) == []


def test_a_deferred_row_becomes_the_delivered_row_in_place():
    log = Logged().write(*arrival(), f"smtp: AAAA1: to=<a@b>, relay=none, {LATER}")
    (deferred,) = log.take()

    log.restart().write(f"smtp: AAAA1: to=<a@b>, relay=mx[192.0.2.9]:25, {SENT} (250 ok)", "qmgr: AAAA1: removed")

    delivered = log.only()
    assert (deferred.status, delivered.status) == ("deferred", "delivered")
    assert (delivered.key, delivered.at_us) == (deferred.key, deferred.at_us)
    assert [attempt.said.status for attempt in delivered.attempts] == ["deferred", "sent"]


def test_expiry_concerns_every_recipient_that_still_waits_and_no_other():
    log = Logged().write(
        *arrival(),
        f"smtp: AAAA1: to=<a@b>, relay=none, {LATER}",
        f"smtp: AAAA1: to=<c@b>, relay=none, {LATER}",
        f"smtp: AAAA1: to=<d@b>, relay=mx[192.0.2.9]:25, {SENT} (250 ok)",
        "qmgr: AAAA1: from=<s@ext.test>, status=expired, returned to sender",
        "qmgr: AAAA1: removed",
    )

    assert {row.recipient: row.status for row in log.all()} == {"a@b": "expired", "c@b": "expired", "d@b": "delivered"}


def test_a_short_queue_id_that_is_used_again_is_another_message():
    log = Logged().write(
        *arrival(),
        f"smtp: AAAA1: to=<a@b>, relay=mx[192.0.2.9]:25, {SENT} (250 ok)",  # its end is lost
        *arrival(sender="other@ext.test", message_id="j@x"),
        f"smtp: AAAA1: to=<a@b>, relay=none, {LATER}",
    )

    assert {(row.sender, row.status) for row in log.all()} == {
        ("s@ext.test", "delivered"),
        ("other@ext.test", "deferred"),
    }


def test_a_bounces_queue_id_that_was_another_messages_is_another_message():
    log = Logged().write(
        *arrival(),
        f"smtp: AAAA1: to=<a@b>, relay=mx[192.0.2.9]:25, {SENT} (250 ok)",
        "cleanup: AAAA1: message-id=<bounce@x>",
        "qmgr: AAAA1: from=<>, size=9, nrcpt=1 (queue active)",
        f"smtp: AAAA1: to=<s@ext.test>, relay=mx[192.0.2.9]:25, {SENT} (250 ok)",
    )

    assert {(row.sender, row.recipient, row.client_address) for row in log.all()} == {
        ("s@ext.test", "a@b", "192.0.2.1"),
        ("", "s@ext.test", None),
    }


@pytest.mark.parametrize("restart", [False, True])
def test_a_content_filter_makes_one_row_with_the_real_client(restart: bool):
    log = Logged().write(*arrival())
    if restart:
        log.restart()
    log.write(
        "smtpd: BBBB2: client=localhost[127.0.0.1]",
        "cleanup: BBBB2: message-id=<i@x>",
        "qmgr: BBBB2: from=<s@ext.test>, size=120, nrcpt=1 (queue active)",
        f"smtp: AAAA1: to=<a@b>, relay=127.0.0.1[127.0.0.1]:10024, {SENT} (250 2.0.0 Ok: queued as BBBB2)",
        "qmgr: AAAA1: removed",
    )
    if restart:
        log.restart()
    log.write(*stored("BBBB2", "a@b", "INBOX"), "qmgr: BBBB2: removed")

    row = log.only()
    assert (row.queue_id, row.queue_ids, row.client_address) == ("AAAA1", ("AAAA1", "BBBB2"), "192.0.2.1")


def test_a_row_written_before_the_filter_was_recognised_is_kept_and_completed():
    log = Logged().write(
        *arrival(),
        "smtpd: BBBB2: client=localhost[127.0.0.1]",
        "cleanup: BBBB2: message-id=<i@x>",
        *stored("BBBB2", "a@b", "INBOX"),
    )
    (early,) = log.take()

    log.write(f"smtp: AAAA1: to=<a@b>, relay=127.0.0.1[127.0.0.1]:10024, {SENT} (250 Ok: queued as BBBB2)")

    late = log.only()
    assert (late.key, late.at_us) == (early.key, early.at_us)
    assert (early.client_address, late.client_address, late.queue_id) == ("127.0.0.1", "192.0.2.1", "AAAA1")


def test_a_remote_servers_queued_as_is_no_filter():
    log = Logged().write(
        *arrival("BBBB2", message_id="j@x"),
        *arrival(),
        f"smtp: AAAA1: to=<a@b>, relay=mx[192.0.2.9]:25, {SENT} (250 2.0.0 Ok: queued as BBBB2)",
        f"smtp: BBBB2: to=<c@b>, relay=mx[192.0.2.9]:25, {SENT} (250 ok)",
    )

    assert {(row.queue_id, row.recipient) for row in log.all()} == {("AAAA1", "a@b"), ("BBBB2", "c@b")}


def test_a_filter_whose_second_half_is_not_in_the_log_is_the_last_that_is_known():
    log = Logged().write(
        *arrival(), f"smtp: AAAA1: to=<a@b>, relay=127.0.0.1[127.0.0.1]:10024, {SENT} (250 Ok: queued as BBBB2)"
    )

    assert log.only().status == "delivered"


def test_a_before_queue_filter_passes_the_client_on():
    log = Logged().write(
        "smtpd: NOQUEUE: client=real.ext.test[192.0.2.7]",
        "smtpd: AAAA1: client=localhost[127.0.0.1], orig_client=real.ext.test[192.0.2.7]",
        *stored("AAAA1", "a@b", "INBOX"),
    )

    assert (log.only().client_name, log.only().client_address) == ("real.ext.test", "192.0.2.7")


def test_an_alias_is_named_beside_the_mailbox():
    log = Logged().write(
        *arrival(), f"local: AAAA1: to=<a@b>, orig_to=<info@b>, relay=local, {SENT} (delivered to mailbox)"
    )

    assert (log.only().recipient, log.only().original_recipient) == ("a@b", "info@b")


@pytest.mark.parametrize("kind", ["non-delivery", "delay", "delivery status"])
def test_a_notification_is_a_child_of_its_message(kind: str):
    log = Logged().write(
        *arrival(),
        f"smtp: AAAA1: to=<a@b>, relay=none, {LATER}",
        "cleanup: CCCC3: message-id=<b@x>",
        f"bounce: AAAA1: sender {kind} notification: CCCC3",
        "qmgr: CCCC3: from=<>, size=9, nrcpt=1 (queue active)",
        f"smtp: CCCC3: to=<s@ext.test>, relay=mx[192.0.2.9]:25, {SENT} (250 ok)",
    )

    parent, child = log.all()
    assert parent.key.startswith(child.parent)
    assert (child.sender, child.recipient) == ("", "s@ext.test")


@pytest.mark.parametrize("early", [True, False])
def test_a_forward_is_a_child_whichever_line_comes_first(early: bool):
    identified = "cleanup: CCCC3: message-id=<i@x>"
    forwarded = f"local: AAAA1: to=<a@b>, relay=local, {SENT} (forwarded as CCCC3)"
    log = Logged().write(*arrival(), *((identified, forwarded) if early else (forwarded, identified)))
    log.restart().write(f"smtp: CCCC3: to=<f@ext.test>, orig_to=<a@b>, relay=mx[192.0.2.9]:25, {SENT} (250 ok)")

    parent, child = sorted(log.all(), key=lambda row: row.at_us)
    assert (parent.status, child.status) == ("forwarded", "delivered")
    assert parent.key.startswith(child.parent)


def test_a_message_that_a_rule_sent_on_is_a_child():
    log = Logged().write(
        *arrival(),
        "dovecot: lmtp(a@b)<1><S1>: sieve: msgid=<i@x>: forwarded to <f@ext.test>",
        f"lmtp: AAAA1: to=<a@b>, relay=m[private/lmtp], {SENT} (250 2.0.0 <a@b> S1 Saved)",
        *arrival("DDDD4", sender="a@b"),
        f"smtp: DDDD4: to=<f@ext.test>, relay=mx[192.0.2.9]:25, {SENT} (250 ok)",
    )

    first, second = log.all()
    assert (first.status, first.forwarded_to) == ("forwarded", ("f@ext.test",))
    assert first.key.startswith(second.parent)


def test_several_recipients_of_one_session_get_their_own_folders():
    log = Logged().write(
        *arrival(),
        "dovecot: lmtp(a@b)<1><S1>: sieve: msgid=<i@x>: stored mail into mailbox 'A'",
        "dovecot: lmtp(real-c@b)<1><S1>: sieve: msgid=<i@x>: stored mail into mailbox 'C'",
        f"lmtp: AAAA1: to=<a@b>, relay=m[private/lmtp], {SENT} (250 2.0.0 <a@b> S1 Saved)",
        f"lmtp: AAAA1: to=<c@b>, relay=m[private/lmtp], {SENT} (250 2.0.0 <c@b> S1 Saved)",
    )

    assert {row.recipient: row.folder for row in log.all()} == {"a@b": "A", "c@b": "C"}


@pytest.mark.parametrize("restart", [False, True])
def test_the_mailbox_servers_line_may_come_later_and_from_another_host(restart: bool):
    lines = stored("AAAA1", "a@b", "Junk")
    log = Logged().write(*arrival(), lines[1], "qmgr: AAAA1: removed")
    before = log.only()
    if restart:
        log.restart()

    log.write(lines[0], host="imap1")

    after = log.only()
    assert (before.status, after.status, after.key) == ("delivered", "junk", before.key)


def test_a_delivery_by_pipe_is_joined_by_message_id_and_user():
    log = Logged().write(
        *arrival(),
        "dovecot: lda(A@b)<1><S1>: sieve: msgid=<i@x>: stored mail into mailbox 'Junk'",
        f"pipe: AAAA1: to=<a@b>, relay=dovecot, {SENT} (delivered via dovecot service)",
    )

    assert (log.only().status, log.only().folder) == ("junk", "Junk")


@pytest.mark.parametrize(
    ("actions", "status"),
    [
        (["marked message to be discarded if not explicitly delivered (discard action)"], "filtered"),
        (["forwarded to <f@e>", "stored mail into mailbox 'INBOX'"], "delivered"),
        (["rejected message from <s@ext.test> (reject)"], "rejected"),
        (["sent vacation response to <s@ext.test>", "stored mail into mailbox 'INBOX'"], "delivered"),
    ],
)
def test_the_outcome_of_the_recipients_rules_is_the_status(actions: list[str], status: str):
    log = Logged().write(
        *arrival(),
        *(f"dovecot: lmtp(a@b)<1><S1>: sieve: msgid=<i@x>: {action}" for action in actions),
        f"lmtp: AAAA1: to=<a@b>, relay=m[private/lmtp], {SENT} (250 2.0.0 <a@b> S1 Saved)",
    )

    assert log.only().status == status
    assert log.only().answered == ("vacation" in actions[0])


def test_a_probe_is_never_a_row():
    log = Logged().write(
        "cleanup: AAAA1: message-id=<i@x>",
        "qmgr: AAAA1: from=<double-bounce@b>, size=9, nrcpt=1 (queue active)",
        "smtp: AAAA1: to=<a@b>, relay=mx[192.0.2.9]:25, delay=1, delays=0/0/0/0, dsn=2.1.5, status=deliverable (Ok)",
        "qmgr: AAAA1: removed",
    )

    assert log.all() == []


def test_a_milters_refusal_at_the_end_concerns_all_recipients():
    log = Logged().write(
        *arrival()[:2],
        "smtpd: AAAA1: reject: RCPT from mx[192.0.2.1]: 550 5.1.1 <x@b>: no; from=<s@ext.test> to=<x@b> proto=E",
    )
    log.reader.read_into(
        (
            "Nov  1 00:00:09 mx1 rspamd[1]: <a>; task; rspamd_task_write_log: id: <i@x>, qid: <AAAA1>, ip: ::1, "
            "(default: T (reject): [22.00/15.00] []), len: 1, rcpts: <a@b,c@b,x@b>, mime_rcpts: <a@b>",
        ),
        log.correlator.feed,
    )
    log.write(
        "cleanup: AAAA1: milter-reject: END-OF-MESSAGE from mx.ext.test[192.0.2.1]: 5.7.1 spam; from=<s@ext.test> "
        "to=<a@b> proto=ESMTP helo=<h>"
    )

    rows = {row.recipient: row for row in log.all()}
    assert {name: (row.status, row.text) for name, row in rows.items()} == {
        "x@b": ("rejected", "550 5.1.1 <x@b>: no"),
        "a@b": ("rejected", "5.7.1 spam"),
        "c@b": ("rejected", "5.7.1 spam"),
    }
    assert list(log.correlator.open_messages()) == []


def test_a_held_message_is_delivered_after_its_release():
    log = Logged().write(
        *arrival()[:2],
        "cleanup: AAAA1: milter-hold: END-OF-MESSAGE from mx[192.0.2.1]: milter triggers HOLD action; "
        "from=<s@ext.test> to=<a@b> proto=ESMTP helo=<h>",
    )
    held = log.only()

    log.restart().write(
        "postsuper: AAAA1: released from hold",
        "qmgr: AAAA1: from=<s@ext.test>, size=9, nrcpt=1 (queue active)",
        f"local: AAAA1: to=<a@b>, relay=local, {SENT} (delivered to mailbox)",
    )

    assert (held.status, log.only().status, log.only().key) == ("held", "delivered", held.key)


def test_refusals_before_the_queue_are_rows_of_their_own_even_when_equal():
    line = "smtpd: NOQUEUE: reject: RCPT from x[192.0.2.1]: 554 5.7.1 <a@b>: no; from=<s@e> to=<a@b> proto=E helo=<h>"
    log = Logged().write(line)
    log.second = 0
    log.restart().write(line)

    first, second = log.all()
    assert (first.status, first.queue_id, first.at_us) == (second.status, second.queue_id, second.at_us)
    assert first.key != second.key


def test_a_log_may_begin_in_the_middle_of_a_message():
    log = Logged().write(f"smtp: AAAA1: to=<a@b>, relay=mx[192.0.2.9]:25, {SENT} (250 ok)", "qmgr: AAAA1: removed")

    assert (log.only().status, log.only().sender) == ("delivered", None)


def test_a_log_may_end_in_the_middle_of_a_message():
    log = Logged().write(*arrival(), f"smtp: AAAA1: to=<a@b>, relay=none, {LATER}")

    assert log.only().status == "deferred"
    assert [message.queue_id for message in log.correlator.open_messages()] == ["AAAA1"]


def test_a_message_whose_end_was_lost_is_given_up_after_the_longest_life_in_the_queue():
    log = Logged().write(*arrival())
    log.correlator.forget_stale()
    before = [message.queue_id for message in log.correlator.open_messages()]
    log.reader.read_into(("Nov 10 00:00:00 mx1 postfix/smtpd[1]: BBBB2: client=mx[192.0.2.1]",), log.correlator.feed)

    log.correlator.forget_stale()

    assert before == ["AAAA1"]
    assert [message.queue_id for message in log.correlator.open_messages()] == ["BBBB2"]


RELAYED = f"smtp: AAAA1: to=<a@b>, relay=mx2.b.example[192.0.2.2]:25, {SENT} (250 2.0.0 Ok: queued as BBBB2)"
SECOND = [
    "smtpd: BBBB2: client=mx1.b.example[192.0.2.3]",
    "cleanup: BBBB2: message-id=<i@x>",
    "qmgr: BBBB2: from=<s@ext.test>, size=120, nrcpt=1 (queue active)",
]


def test_hosts_that_hand_a_message_on_make_one_row():
    log = Logged().write(*arrival(), host="mx1.b.example").write(*SECOND, host="mx2")
    log.write(RELAYED, "qmgr: AAAA1: removed", host="mx1.b.example")
    log.write(*stored("BBBB2", "a@b", "INBOX"), host="mx2")

    assert (log.only().queue_ids, log.only().client_address) == (("AAAA1", "BBBB2"), "192.0.2.1")


def test_hosts_are_joined_also_when_the_second_ones_lines_come_later():
    log = Logged().write("qmgr: ZZZZ9: removed", host="mx2")
    log.write(*arrival(), RELAYED, host="mx1.b.example")
    early = log.only()

    log.restart().write(*SECOND, *stored("BBBB2", "a@b", "Junk"), host="mx2")

    late = log.only()
    assert (early.status, late.status, late.key, late.at_us) == ("delivered", "junk", early.key, early.at_us)
    assert late.queue_ids == ("AAAA1", "BBBB2")


def test_two_hosts_queue_ids_are_never_mixed():
    log = Logged().write(*arrival(), host="mx1").write(*arrival(sender="other@ext.test", message_id="j@x"), host="mx9")
    log.write(f"smtp: AAAA1: to=<a@b>, relay=mx[192.0.2.9]:25, {SENT} (250 ok)", host="mx9")

    assert log.only().sender == "other@ext.test"


def test_the_state_of_another_version_is_refused():
    log = Logged()
    data = dump_state(log.correlator)
    import json
    import zlib

    state = json.loads(zlib.decompress(data))
    state["version"] += 1

    with pytest.raises(ValueError, match="another version"):
        restore_state(zlib.compress(json.dumps(state).encode()))


def test_exims_messages_are_rows_too():
    log = Logged()
    lines = (
        "2026-11-01 00:00:00 1abcDE-0001xy-2Z <= s@ext.test H=mx.ext.test [192.0.2.1]:5 P=esmtp S=99 id=i@x",
        "2026-11-01 00:00:01 1abcDE-0001xy-2Z == a@b R=dns T=remote_smtp defer (111): Connection refused",
        '2026-11-01 00:00:02 1abcDE-0001xy-2Z => a@b R=dns T=remote_smtp H=mx.b [192.0.2.2]:25 C="250 OK"',
        "2026-11-01 00:00:03 1abcDE-0001xy-2Z ** c@b R=dns T=remote_smtp: host mx.b [192.0.2.2]: 550 5.1.1 no",
        "2026-11-01 00:00:04 1abcDF-0001xz-2Z <= <> R=1abcDE-0001xy-2Z U=exim P=local S=12",
        "2026-11-01 00:00:05 1abcDE-0001xy-2Z Completed",
        '2026-11-01 00:00:06 1abcDF-0001xz-2Z => s@ext.test R=dns T=remote_smtp H=mx [192.0.2.1]:25 C="250 OK"',
    )

    log.reader.read_into(lines, log.correlator.feed)

    rows = {row.recipient: row for row in log.all()}
    assert {name: row.status for name, row in rows.items()} == {
        "a@b": "delivered", "c@b": "bounced", "s@ext.test": "delivered",
    }  # fmt: skip
    assert len(rows["a@b"].attempts) == 2
    assert rows["c@b"].key.startswith(rows["s@ext.test"].parent)

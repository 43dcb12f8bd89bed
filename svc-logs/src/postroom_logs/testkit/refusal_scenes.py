"""Scenes of messages that are not taken, of probes, and of lines that concern no message."""

from postroom_logs.testkit.arrivals import Arrival, arrive, attempt, queue, remove, scan
from postroom_logs.testkit.stage import Stage


def refused(stage: Stage, at_s: float) -> None:
    """Before the queue, by smtpd or postscreen."""
    address, sender, recipient = stage.address(), stage.remote_address(), stage.local_address()
    login = stage.local_address()
    dsn, text = stage.random.choice(
        (
            ("5.7.1", f"554 5.7.1 Service unavailable; Client host [{address}] blocked using zen.spamhaus.org; see x"),
            ("5.1.1", f"550 5.1.1 <{recipient}>: Recipient address rejected: User unknown in virtual mailbox table"),
            ("4.7.1", f"450 4.7.1 <{recipient}>: Recipient address rejected: Greylisted; see https://x.test; later"),
            ("5.5.2", "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname"),
            ("5.7.1", f"553 5.7.1 <{sender}>: Sender address rejected: not owned by user {login}"),
        )
    )
    owner = login if "not owned" in text else None
    daemon = "submission/smtpd" if owner else "smtpd"
    tail = f"from=<{sender}> to=<{recipient}> proto=ESMTP helo=<localhost>"
    if owner:
        tail += f" sasl_username=<{owner}>"
    if dsn == "4.7.1" and stage.random.random() < 0.5:
        dsn, text = "4.3.2", "450 4.3.2 Service currently unavailable"
        tail = f"from=<{sender}>, to=<{recipient}>, proto=ESMTP, helo=<localhost>"
        stage.postfix(at_s, "postscreen", f"NOQUEUE: reject: RCPT from [{address}]:2525: {text}; {tail}")
    else:
        stage.postfix(at_s, daemon, f"NOQUEUE: reject: RCPT from unknown[{address}]: {text}; {tail}")
    stage.tell(
        queue_id="", recipient=recipient, status="rejected", sender=sender, dsn=dsn, client_address=address,
        attempts=0, login=owner,
    )  # fmt: skip


def refused_at_the_end(stage: Stage, at_s: float) -> None:
    """By a milter that has seen the whole message; its line names one of the recipients."""
    recipients = list(dict.fromkeys(stage.local_address() for _ in range(3)))
    arrival = arrive(stage, at_s, sender=stage.remote_address())
    action, status, dsn, text = stage.random.choice(
        (
            ("milter-reject", "rejected", "5.7.1", "5.7.1 Spam message rejected"),
            ("milter-discard", "discarded", "", "milter triggers DISCARD action"),
        )
    )
    scan(stage, arrival, recipients=recipients, action="reject", score=22)
    stage.postfix(
        at_s + 0.3,
        "cleanup",
        f"{arrival.queue_id}: {action}: END-OF-MESSAGE from mx1.ext.test[{arrival.client_address}]: {text}; "
        f"from=<{arrival.sender}> to=<{recipients[0]}> proto=ESMTP helo=<mx1.ext.test>",
    )
    stage.free(at_s + 0.4, arrival.queue_id)
    for recipient in recipients:
        stage.tell(
            queue_id=arrival.queue_id, recipient=recipient, status=status, sender=arrival.sender, dsn=dsn,
            message_id=arrival.message_id, client_address=arrival.client_address, attempts=0,
        )  # fmt: skip


def probed(stage: Stage, at_s: float) -> None:
    """Address verification looks like a delivery and is none."""
    arrival = Arrival(stage.queue_id(at_s), stage.message_id(), "double-bounce@dom0.example", "", None, at_s)
    stage.postfix(at_s, "cleanup", f"{arrival.queue_id}: message-id=<{arrival.message_id}>")
    queue(stage, at_s + 0.01, arrival)
    result = stage.random.choice(
        ("dsn=2.1.5, status=deliverable (250 2.1.5 Ok)", "dsn=5.1.1, status=undeliverable (550 5.1.1 no)")
    )
    attempt(
        stage, at_s + 0.1, agent="smtp", queue_id=arrival.queue_id, recipient=stage.remote_address(), result=result,
        relay="mx1.ext.test[198.51.100.9]:25",
    )  # fmt: skip
    remove(stage, at_s + 0.2, arrival.queue_id)


def noise(stage: Stage, at_s: float) -> None:
    """Logins, warnings, statistics."""
    address = stage.address()
    stage.write(at_s, "dovecot", f"imap-login: Login: user=<a@dom0.example>, method=PLAIN, rip={address}, lip=::1, TLS")
    stage.write(at_s + 0.1, "dovecot", "imap(a@dom0.example)<1><x>: Disconnected: Logged out in=50 out=500")
    stage.postfix(at_s + 0.2, "smtpd", f"warning: unknown[{address}]: SASL LOGIN authentication failed: UGFzc3dvcmQ6")
    stage.postfix(at_s + 0.3, "anvil", f"statistics: max connection rate 5/60s for (smtp:{address}) at Nov  1 00:00:00")
    stage.write(at_s + 0.4, "policyd-spf", "prepend Received-SPF: Pass (mailfrom) identity=mailfrom")

"""Scenes: one message each, as a mail host logs it, with the truth about each of its recipients."""

from collections.abc import Callable
from typing import Any, Final

from postroom_logs.testkit.arrivals import Arrival, arrive, attempt, bounce, hand_over, queue, remove, scan
from postroom_logs.testkit.stage import Stage

Scene = Callable[[Stage, float], None]
MX: Final = "mx1.ext.test[198.51.100.9]:25"
_PATIENCE_S: Final = 432_000
"""Postfix's maximal_queue_lifetime."""
_INBOX: Final = ["stored mail into mailbox 'INBOX'"]


def _known(arrival: Arrival) -> dict[str, Any]:
    return {
        "queue_id": arrival.queue_id,
        "sender": arrival.sender,
        "message_id": arrival.message_id,
        "client_address": arrival.client_address,
        "login": arrival.login,
    }


def _received(stage: Stage, at_s: float, *, recipients: int = 1) -> Arrival:
    sender = stage.remote_address() if stage.random.random() > 0.05 else ""
    arrival = arrive(stage, at_s, sender=sender)
    queue(stage, at_s + 0.1, arrival, recipients=recipients)
    return arrival


def stored(stage: Stage, at_s: float) -> None:
    """To one or more mailboxes, some by an alias, some to other folders or Junk."""
    recipients = list(dict.fromkeys(stage.local_address() for _ in range(stage.random.choice((1, 1, 1, 2, 5)))))
    arrival = _received(stage, at_s, recipients=len(recipients))
    scan(stage, arrival, recipients=recipients, action="no action", score=1.5)
    for position, recipient in enumerate(recipients):
        folder = stage.random.choice(("INBOX", "INBOX", "Lists/it's here", "Junk", "INBOX.Spam"))
        original = f"alias{position}@dom0.example" if stage.random.random() < 0.2 else None
        action = f"stored mail into mailbox '{folder}'"
        if stage.random.random() < 0.1:
            action = f"fileinto action: {action}"
        hand_over(stage, at_s + 0.3 + position / 50, arrival, recipient=recipient, actions=[action], original=original)
        stage.tell(
            **_known(arrival), recipient=recipient, original_recipient=original, folder=folder,
            status="junk" if folder in {"Junk", "INBOX.Spam"} else "delivered",
        )  # fmt: skip
    remove(stage, at_s + 0.6, arrival.queue_id)


def ruled(stage: Stage, at_s: float) -> None:
    """The recipient's Sieve rules do something else than storing."""
    recipient, target = stage.local_address(), stage.remote_address()
    arrival = _received(stage, at_s)
    actions, status, folder = stage.random.choice(
        (
            ([f"forwarded to <{target}>"], "forwarded", None),
            ([f"forwarded to <{target}>", *_INBOX], "delivered", "INBOX"),
            (["marked message to be discarded if not explicitly delivered (discard action)"], "filtered", None),
            ([*_INBOX, "sent vacation response to <x@ext.test>"], "delivered", "INBOX"),
            (["rejected message from <x@ext.test> (reject)"], "rejected", None),
        )
    )
    hand_over(stage, at_s + 0.3, arrival, recipient=recipient, actions=actions)
    remove(stage, at_s + 0.6, arrival.queue_id)
    stage.tell(**_known(arrival), recipient=recipient, status=status, folder=folder)


def filtered(stage: Stage, at_s: float) -> None:
    """Through amavis and back under a second queue id."""
    recipients = list(dict.fromkeys(stage.local_address() for _ in range(stage.random.choice((1, 1, 3)))))
    first = _received(stage, at_s, recipients=len(recipients))
    second = first._replace(queue_id=stage.queue_id(at_s + 0.3))
    origin = f", orig_queue_id={first.queue_id}, orig_client=mx[192.0.2.9]" if stage.random.random() < 0.5 else ""
    stage.postfix(at_s + 0.25, "smtpd", "connect from localhost[127.0.0.1]")
    stage.postfix(at_s + 0.33, "smtpd", "disconnect from localhost[127.0.0.1] ehlo=1 xforward=1 mail=1 commands=3")
    stage.postfix(at_s + 0.3, "smtpd", f"{second.queue_id}: client=localhost[127.0.0.1]{origin}")
    stage.postfix(at_s + 0.31, "cleanup", f"{second.queue_id}: message-id=<{second.message_id}>")
    queue(stage, at_s + 0.32, second, recipients=len(recipients))
    if stage.random.random() < 0.7:
        names = ",".join(f"<{recipient}>" for recipient in recipients)
        stage.write(
            at_s + 0.34,
            "amavis",
            f"(01234-05) Passed CLEAN {{RelayedInbound}}, [{first.client_address}]:2525 [{first.client_address}] "
            f"<{first.sender}> -> {names}, Queue-ID: {first.queue_id}, Message-ID: <{first.message_id}>, "
            f"mail_id: abc, Hits: 1.5, size: 4700, queued_as: {second.queue_id}, 90 ms",
        )
    for recipient in recipients:
        attempt(
            stage, at_s + 0.36, agent="smtp", queue_id=first.queue_id, recipient=recipient,
            relay="127.0.0.1[127.0.0.1]:10024",
            result="dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): "
            f"250 2.0.0 Ok: queued as {second.queue_id})",
        )  # fmt: skip
    remove(stage, at_s + 0.4, first.queue_id)
    for position, recipient in enumerate(recipients):
        hand_over(stage, at_s + 0.5 + position / 50, second, recipient=recipient, actions=_INBOX)
        stage.tell(**_known(first), recipient=recipient, status="delivered", folder="INBOX")
    remove(stage, at_s + 0.7, second.queue_id)


def infected(stage: Stage, at_s: float) -> None:
    """Amavis answers 250 and throws the message away."""
    recipient = stage.local_address()
    arrival = _received(stage, at_s)
    stage.write(
        at_s + 0.3,
        "amavis",
        f"(01234-06) Blocked INFECTED (Eicar-Test) {{DiscardedInbound,Quarantined}}, [{arrival.client_address}]:25 "
        f"[{arrival.client_address}] <{arrival.sender}> -> <{recipient}>, quarantine: v/x, "
        f"Queue-ID: {arrival.queue_id}, Message-ID: <{arrival.message_id}>, mail_id: abd, Hits: -, size: 900, 50 ms",
    )
    attempt(
        stage, at_s + 0.31, agent="smtp", queue_id=arrival.queue_id, recipient=recipient,
        relay="127.0.0.1[127.0.0.1]:10024",
        result="dsn=2.7.0, status=sent (250 2.7.0 Ok, discarded, id=01234-06 - INFECTED: Eicar-Test)",
    )  # fmt: skip
    remove(stage, at_s + 0.4, arrival.queue_id)
    stage.tell(**_known(arrival), recipient=recipient, status="discarded", dsn="2.7.0")


def sent(stage: Stage, at_s: float) -> None:
    """By one of ours to others, each with its own fate."""
    login = stage.local_address()
    recipients = list(dict.fromkeys(stage.remote_address() for _ in range(stage.random.choice((1, 1, 2, 6)))))
    arrival = arrive(stage, at_s, sender=login, login=login)
    scan(stage, arrival, recipients=recipients, action="no action", score=0.1)
    stage.write(at_s + 0.09, "opendkim", f"{arrival.queue_id}: DKIM-Signature field added (s=mail, d=dom0.example)")
    queue(stage, at_s + 0.1, arrival, recipients=len(recipients))
    end_s = max(_send(stage, at_s + 1, arrival, recipient) for recipient in recipients)
    if end_s > at_s + _PATIENCE_S:
        stage.postfix(end_s, "qmgr", f"{arrival.queue_id}: from=<{login}>, status=expired, returned to sender")
        bounce(stage, end_s + 1, arrival)
    remove(stage, end_s + 2, arrival.queue_id)


def _send(stage: Stage, at_s: float, arrival: Arrival, recipient: str) -> float:
    """Send to one recipient; return when the last try was, or when patience ended."""
    fate = stage.random.random()
    later = f"dsn=4.4.1, status=deferred (connect to {MX}: Connection timed out)"
    sent_result = stage.random.choice(
        (
            f"dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as {stage.queue_id(at_s)})",
            "dsn=2.0.0, status=sent (250 2.0.0 OK  1793491200 abc.123 - gsmtp)",
            f"dsn=2.0.0, status=sent (250 2.6.0 <{arrival.message_id}> [InternalId=7] Queued mail for delivery)",
        )
    )
    stage.postfix(at_s - 0.1, "smtp", f"Trusted TLS connection established to {MX}: TLSv1.3 with cipher X (256 bits)")
    agent = {"agent": "smtp", "queue_id": arrival.queue_id, "recipient": recipient, "relay": MX}
    if fate < 0.8:
        attempt(stage, at_s, result=sent_result, **agent)
        stage.tell(**_known(arrival), recipient=recipient, status="delivered")
    elif fate < 0.88:
        why = "550 5.1.1 <x>: Recipient address rejected: User unknown (in reply to RCPT TO command)"
        attempt(stage, at_s, result=f"dsn=5.1.1, status=bounced (host {MX[:-3]} said: {why})", **agent)
        stage.tell(**_known(arrival), recipient=recipient, status="bounced", dsn="5.1.1")
    elif fate < 0.96:
        tries = stage.random.randint(1, 4)
        for number in range(tries):
            attempt(stage, at_s + number * 600, result=later, **agent)
            queue(stage, at_s + number * 600 + 590, arrival)
        attempt(stage, at_s + tries * 600, result=sent_result, **agent)
        stage.tell(**_known(arrival), recipient=recipient, status="delivered", attempts=tries + 1)
        return at_s + tries * 600
    else:
        for number in range(3):
            attempt(stage, at_s + number * 100_000, result=later, **agent)
        stage.tell(**_known(arrival), recipient=recipient, status="expired", dsn="4.4.1", attempts=3)
        return at_s + _PATIENCE_S
    return at_s


def bounced(stage: Stage, at_s: float) -> None:
    """The mailbox server knows no such user; sometimes the sender is told of a delay first."""
    recipient = stage.local_address()
    arrival = _received(stage, at_s)
    relay, attempts = "mail.dom0.example[private/dovecot-lmtp]", 1
    if stage.random.random() < 0.3:
        attempts = 2
        attempt(
            stage, at_s + 0.3, agent="lmtp", queue_id=arrival.queue_id, recipient=recipient, relay=relay,
            result="dsn=4.2.2, status=deferred (host mail said: 452 4.2.2 <x> Quota exceeded)",
        )  # fmt: skip
        bounce(stage, at_s + 0.4, arrival, kind="delay")
    attempt(
        stage, at_s + 900, agent="lmtp", queue_id=arrival.queue_id, recipient=recipient, relay=relay,
        result="dsn=5.1.1, status=bounced (host mail said: 550 5.1.1 <x> User doesn't exist)",
    )  # fmt: skip
    bounce(stage, at_s + 901, arrival)
    remove(stage, at_s + 903, arrival.queue_id)
    stage.tell(**_known(arrival), recipient=recipient, status="bounced", dsn="5.1.1", attempts=attempts)


def forwarded(stage: Stage, at_s: float) -> None:
    """local(8) sends the message on under a new queue id."""
    recipient, target = stage.local_address(), stage.remote_address()
    arrival = _received(stage, at_s)
    child = arrival._replace(queue_id=stage.queue_id(at_s + 0.3), client_address="")
    stage.postfix(at_s + 0.3, "cleanup", f"{child.queue_id}: message-id=<{child.message_id}>")
    attempt(
        stage, at_s + 0.31, agent="local", queue_id=arrival.queue_id, recipient=recipient,
        result=f"dsn=2.0.0, status=sent (forwarded as {child.queue_id})",
    )  # fmt: skip
    queue(stage, at_s + 0.32, child)
    remove(stage, at_s + 0.4, arrival.queue_id)
    attempt(
        stage, at_s + 0.9, agent="smtp", queue_id=child.queue_id, recipient=target, original=recipient, relay=MX,
        result="dsn=2.0.0, status=sent (250 OK)",
    )  # fmt: skip
    remove(stage, at_s + 1, child.queue_id)
    stage.tell(**_known(arrival), recipient=recipient, status="forwarded")
    stage.tell(
        queue_id=child.queue_id, sender=arrival.sender, message_id=arrival.message_id, recipient=target,
        original_recipient=recipient, status="delivered", is_child=True,
    )  # fmt: skip


def by_other_agents(stage: Stage, at_s: float) -> None:
    """virtual, pipe and discard, and a message put in by a program on the host."""
    recipient = stage.local_address()
    arrival = Arrival(stage.queue_id(at_s), stage.message_id(), "root@dom0.example", "", None, at_s)
    agent, text, status = stage.random.choice(
        (
            ("virtual", "delivered to maildir", "delivered"),
            ("pipe", "delivered via dmarc service (ok (really))", "delivered"),
            ("discard", "dom0.example", "discarded"),
        )
    )
    stage.postfix(at_s, "pickup", f"{arrival.queue_id}: uid=0 from=<root>")
    stage.postfix(at_s + 0.01, "cleanup", f"{arrival.queue_id}: message-id=<{arrival.message_id}>")
    queue(stage, at_s + 0.02, arrival)
    attempt(
        stage, at_s + 0.1, agent=agent, queue_id=arrival.queue_id, recipient=recipient,
        result=f"dsn=2.0.0, status=sent ({text})",
    )  # fmt: skip
    remove(stage, at_s + 0.2, arrival.queue_id)
    stage.tell(
        queue_id=arrival.queue_id, sender=arrival.sender, message_id=arrival.message_id, recipient=recipient,
        status=status,
    )  # fmt: skip

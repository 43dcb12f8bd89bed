"""Building blocks of scenes: how a message comes in, is scanned, queued, handed over and removed."""

from typing import NamedTuple

from postroom_logs.testkit.stage import Stage


class Arrival(NamedTuple):
    """A message that was just accepted."""

    queue_id: str
    message_id: str
    sender: str
    client_address: str
    login: str | None
    at_s: float


def arrive(stage: Stage, at_s: float, *, sender: str, login: str | None = None) -> Arrival:
    """Let a client hand a message over."""
    service = "submission/smtpd" if login else "smtpd"
    queue_id, message_id, address = stage.queue_id(at_s), stage.message_id(), stage.address()
    client = f"{stage.random.choice(('unknown', 'mx1.ext.test'))}[{address}]"
    if not login and stage.random.random() < 0.5:
        stage.postfix(at_s - 0.5, "postscreen", f"CONNECT from [{address}]:2525 to [192.0.2.25]:25")
        stage.postfix(at_s - 0.3, "postscreen", f"PASS OLD [{address}]:2525")
    stage.postfix(at_s, service, f"connect from {client}")
    stage.postfix(at_s + 0.01, service, f"Anonymous TLS connection established from {client}: TLSv1.3 with cipher X")
    details = f", sasl_method=PLAIN, sasl_username={login}" if login else ""
    stage.postfix(at_s + 0.02, service, f"{queue_id}: client={client}{details}")
    stage.postfix(at_s + 0.03, "cleanup", f"{queue_id}: message-id=<{message_id}>")
    stage.postfix(at_s + 0.2, service, f"disconnect from {client} ehlo=2 mail=1 rcpt=1 data=1 quit=1 commands=6")
    return Arrival(queue_id, message_id, sender, address, login, at_s + 0.04)


def scan(stage: Stage, arrival: Arrival, *, recipients: list[str], action: str, score: float) -> None:
    """Let rspamd judge the message."""
    user = f" user: {arrival.login}," if arrival.login else ""
    stage.write(
        arrival.at_s + 0.01,
        "rspamd",
        f"<{stage.random.getrandbits(24):06x}>; task; rspamd_task_write_log: id: <{arrival.message_id}>, "
        f"qid: <{arrival.queue_id}>, ip: {arrival.client_address},{user} from: <{arrival.sender}>, "
        f"(default: F ({action}): [{score:.2f}/15.00] [R_SPF_ALLOW(-0.20){{+ip4;}},ARC_NA(0.00){{}}]), "
        f"len: 900, time: 20.1ms, dns req: 3, digest: <00>, rcpts: <{','.join(recipients)}>, "
        f"mime_rcpts: <{recipients[0]}>",
    )


def queue(stage: Stage, at_s: float, arrival: Arrival, *, recipients: int = 1) -> None:
    """Let the message enter the active queue."""
    text = f"from=<{arrival.sender}>, size=4711, nrcpt={recipients} (queue active)"
    stage.postfix(at_s, "qmgr", f"{arrival.queue_id}: {text}")


def remove(stage: Stage, at_s: float, queue_id: str) -> None:
    """Let the queue id's life end; one line in a hundred was lost."""
    if stage.random.random() > 0.01:
        stage.postfix(at_s, "qmgr", f"{queue_id}: removed")
    stage.free(at_s, queue_id)


def attempt(
    stage: Stage, at_s: float, *, agent: str, queue_id: str, recipient: str, result: str, original: str | None = None,
    relay: str = "local",
) -> None:  # fmt: skip
    """Let a delivery agent try; *result* is `dsn=..., status=... (...)`."""
    alias = f"orig_to=<{original}>, " if original else ""
    reused = "conn_use=2, " if agent == "smtp" and stage.random.random() < 0.2 else ""
    where = f"relay={relay}, {reused}{stage.delays()}"
    stage.postfix(at_s, agent, f"{queue_id}: to=<{recipient}>, {alias}{where}, {result}")


def hand_over(
    stage: Stage, at_s: float, arrival: Arrival, *, recipient: str, actions: list[str], original: str | None = None
) -> None:
    """Let Dovecot take the message by LMTP: its own lines come first."""
    session = f"{stage.random.getrandbits(60):015x}/Q"
    old = stage.random.random() < 0.2
    prefix = f"lmtp({recipient}): {session}: " if old else f"lmtp({recipient})<4711><{session}>: "
    shown = arrival.message_id if len(arrival.message_id) < 80 else arrival.message_id[:77] + "..."
    for position, action in enumerate(actions):
        stage.write(at_s + position / 1000, "dovecot", f"{prefix}sieve: msgid=<{shown}>: {action}")
    attempt(
        stage, at_s + 0.01, agent="lmtp", queue_id=arrival.queue_id, recipient=recipient, original=original,
        relay="mail.dom0.example[private/dovecot-lmtp]",
        result=f"dsn=2.0.0, status=sent (250 2.0.0 <{recipient}> {session} Saved)",
    )  # fmt: skip


def bounce(stage: Stage, at_s: float, arrival: Arrival, *, kind: str = "non-delivery") -> None:
    """Let the mail system tell the sender, by a message of its own."""
    if not arrival.sender:
        return
    child = Arrival(stage.queue_id(at_s), stage.message_id(), "", "", None, at_s)
    stage.postfix(at_s, "cleanup", f"{child.queue_id}: message-id=<{child.message_id}>")
    stage.postfix(at_s + 0.01, "bounce", f"{arrival.queue_id}: sender {kind} notification: {child.queue_id}")
    queue(stage, at_s + 0.02, child)
    folder = None
    if arrival.sender.endswith(".example"):
        folder = "INBOX"
        hand_over(stage, at_s + 0.03, child, recipient=arrival.sender, actions=["stored mail into mailbox 'INBOX'"])
    else:
        attempt(
            stage, at_s + 0.4, agent="smtp", queue_id=child.queue_id, recipient=arrival.sender,
            relay="mx1.ext.test[198.51.100.7]:25",
            result=f"dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as {arrival.queue_id})",
        )  # fmt: skip
    remove(stage, at_s + 0.5, child.queue_id)
    stage.tell(
        queue_id=child.queue_id, recipient=arrival.sender, status="delivered", sender="", is_child=True,
        message_id=child.message_id, folder=folder,
    )  # fmt: skip

"""Postfix smtpd: what clients hand over, on port 25 and as submission."""

from typing import Final

from postroom_logs.daemons.log_events import NOT_UNDERSTOOD, Accepted, LoginFailed, Misbehaved, Reading
from postroom_logs.daemons.postfix_refusals import read_refusal
from postroom_logs.daemons.postfix_words import is_queue_id, noise_or_unread
from postroom_logs.daemons.registration import Program, reads
from postroom_logs.daemons.replies import name_and_address

_new: Final = tuple.__new__
"""Makes a named tuple in half the time of its own constructor: one line in twelve comes here."""


@reads("*/smtpd")
def read_smtpd(text: str, program: Program) -> Reading:
    """Read a line of smtpd(8)."""
    if text.startswith(("connect from ", "disconnect from ", "Anonymous TLS", "Trusted TLS", "Untrusted TLS")):
        return None
    word, colon, rest = text.partition(": ")
    if rest.startswith("client="):
        return _accepted(word, rest, program)
    if word == "warning":
        return _warning(rest, program)
    if word == "NOQUEUE" or (colon and is_queue_id(word)):
        return read_refusal(rest, word, program)
    if word in {"proxy-accept", "proxy-reject"}:
        return read_refusal(text, "NOQUEUE", program)
    return noise_or_unread(text)


def _accepted(queue_id: str, text: str, program: Program) -> Reading:
    name, bracket, rest = text[7:].partition("[")
    address, close, details = rest.partition("]")
    if not bracket or not close:
        return NOT_UNDERSTOOD
    if queue_id == "NOQUEUE":  # a before-queue filter gives the queue id on its second connection
        return None
    if not details:
        return _new(Accepted, (queue_id, name, address, None, None, None, program.service))
    return _new(Accepted, (queue_id, name, address, *_details(details), program.service))


def _details(tail: str) -> tuple[str | None, str | None, str | None]:
    login = original_queue_id = original_client = None
    for part in tail.split(", "):
        if part.startswith("sasl_username="):
            login = part[14:]
        elif part.startswith("orig_queue_id="):
            original_queue_id = part[14:]
        elif part.startswith("orig_client="):
            original_client = part[12:]
    return login, original_queue_id, original_client


def _warning(text: str, program: Program) -> Reading:
    if text.startswith("non-SMTP command from "):
        client, _, command = text[22:].partition(": ")
        name, address = name_and_address(client)
        return Misbehaved("non-smtp-command", name, address, None, command)
    client, sasl, rest = text.partition(": SASL ")
    _, failed, reason = rest.partition(" authentication failed")
    if not sasl or not failed:
        return None
    name, address = name_and_address(client)
    reason, _, login = reason.removeprefix(":").partition(", sasl_username=")
    return LoginFailed(program.service or "smtp", login or None, name, address, None, None, None, reason.strip())

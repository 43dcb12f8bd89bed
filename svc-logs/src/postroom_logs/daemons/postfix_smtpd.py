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
def read_smtpd(line: str, start: int, program: Program) -> Reading:
    """Read a line of smtpd(8)."""
    if line.startswith(("connect from ", "disconnect from ", "Anonymous TLS", "Trusted TLS", "Untrusted TLS"), start):
        return None
    colon = line.find(": ", start, start + 26)
    if line.startswith("client=", colon + 2) and colon >= 0:
        return _accepted(line, start, colon, program)
    if line.startswith("warning: ", start):
        return _warning(line, start + 9, program)
    word = line[start:colon] if colon >= 0 else ""
    if word == "NOQUEUE" or is_queue_id(word):
        return read_refusal(line, colon + 2, word, program)
    if word in {"proxy-accept", "proxy-reject"}:
        return read_refusal(line, start, "NOQUEUE", program)
    return noise_or_unread(line, start)


def _accepted(line: str, start: int, colon: int, program: Program) -> Reading:
    bracket = line.find("[", colon)
    close = line.find("]", bracket)
    if bracket < 0 or close < 0:
        return NOT_UNDERSTOOD
    queue_id = line[start:colon]
    if queue_id == "NOQUEUE":  # a before-queue filter gives the queue id on its second connection
        return None
    name, address = line[colon + 9 : bracket], line[bracket + 1 : close]
    if close + 1 == len(line):
        return _new(Accepted, (queue_id, name, address, None, None, None, program.service))
    login, original_queue_id, original_client = _details(line[close + 1 :])
    return _new(Accepted, (queue_id, name, address, login, original_queue_id, original_client, program.service))


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


def _warning(line: str, start: int, program: Program) -> Reading:
    if line.startswith("non-SMTP command from ", start):
        client, _, command = line[start + 22 :].partition(": ")
        name, address = name_and_address(client)
        return Misbehaved("non-smtp-command", name, address, None, command)
    failed = line.find(" authentication failed", start)
    sasl = line.find(": SASL ", start)
    if failed < 0 or sasl < 0:
        return None
    name, address = name_and_address(line[start:sasl])
    reason, _, login = line[failed + 22 :].removeprefix(":").partition(", sasl_username=")
    return LoginFailed(program.service or "smtp", login or None, name, address, None, None, None, reason.strip())

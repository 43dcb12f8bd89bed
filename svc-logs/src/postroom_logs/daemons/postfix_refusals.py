"""Postfix's answers of "no": `reject: RCPT from name[address]: 550 5.1.1 ...; from=<> to=<> proto=ESMTP helo=<>`."""

from typing import Final

from postroom_logs.daemons.log_events import NOT_UNDERSTOOD, Reading, Refused
from postroom_logs.daemons.postfix_words import value_after
from postroom_logs.daemons.registration import Program

REFUSALS: Final = {
    "reject": "reject",
    "proxy-reject": "reject",
    "milter-reject": "reject",
    "discard": "discard",
    "milter-discard": "discard",
    "hold": "hold",
    "milter-hold": "hold",
}
"""Words before the colon that refuse a message or one of its recipients, and what they do."""
INFORMATION: Final = (
    "reject_warning",
    "warn",
    "filter",
    "redirect",
    "prepend",
    "replace",
    "bcc",
    "info",
    "permit",
    "dunno",
    "strip",
    "milter-quarantine",
    "proxy-accept",
    "trigger",
    "client=",
    "tls",
    "replace",
)
_WHOLE_MESSAGE: Final = ("END-OF-MESSAGE", "DATA", "BDAT")


def read_refusal(line: str, start: int, queue_id: str, program: Program) -> Reading:
    """Read from the word of the action on.

    Source: Postfix access(5) and smtpd_log_access_permit_actions, milter-reject of cleanup(8).
    """
    word_end = line.find(": ", start)
    word = line[start:word_end] if word_end >= 0 else line[start:]
    action = REFUSALS.get(word)
    if action is None:
        return None if word.startswith(INFORMATION) else NOT_UNDERSTOOD
    stage_end = line.find(" from ", word_end) if word != "proxy-reject" else line.find(": ", word_end + 2)
    bracket = line.find("[", stage_end) if word != "proxy-reject" else stage_end  # a proxy's answer names no client
    close = line.find("]", bracket) if word != "proxy-reject" else stage_end
    colon = line.find(": ", close)
    if stage_end < 0 or bracket < 0 or colon < 0:
        return NOT_UNDERSTOOD
    stage = line[word_end + 2 : stage_end]
    tail = _tail_of(line, colon)
    text = line[colon + 2 : tail] if tail >= 0 else line[colon + 2 :]
    return Refused(
        queue_id=None if queue_id == "NOQUEUE" else queue_id,
        action=action,
        stage=stage,
        client_name=line[stage_end + 6 : bracket],
        client_address=line[bracket + 1 : close],
        text=text,
        sender=value_after(line, "from=<", tail) if tail >= 0 else None,
        recipient=_recipient(line, tail),
        helo=value_after(line, "helo=<", tail) if tail >= 0 else None,
        protocol=_protocol(line, tail),
        service=program.service,
        login=_login(line, tail),
        ends_message=stage.startswith(_WHOLE_MESSAGE) or action != "reject",
    )


def _tail_of(line: str, start: int) -> int:
    tail = line.rfind("; from=<")
    if tail < start:
        tail = line.rfind("; proto=")
    return tail if tail >= start else -1


def _recipient(line: str, tail: int) -> str | None:
    if tail < 0:
        return None
    sender = line.find("from=<", tail)
    return value_after(line, "to=<", sender + 6 if sender >= 0 else tail)


def _protocol(line: str, tail: int) -> str | None:
    found = line.find("proto=", tail) if tail >= 0 else -1
    return line[found + 6 :].partition(" ")[0].rstrip(",") if found >= 0 else None


def _login(line: str, tail: int) -> str | None:
    found = line.find(" sasl_username=<", tail) if tail >= 0 else -1
    return value_after(line, "sasl_username=<", found) if found >= 0 else None

"""Postfix's answers of "no": `reject: RCPT from name[address]: 550 5.1.1 ...; from=<> to=<> proto=ESMTP helo=<>`."""

import re
from typing import Final

from postroom_logs.daemons.log_events import NOT_UNDERSTOOD, Reading, Refused
from postroom_logs.daemons.postfix_words import ADDRESS
from postroom_logs.daemons.registration import Program

_REFUSALS: Final = {
    "reject": "reject",
    "proxy-reject": "reject",
    "milter-reject": "reject",
    "discard": "discard",
    "milter-discard": "discard",
    "hold": "hold",
    "milter-hold": "hold",
}
"""Words before the colon that refuse a message or one of its recipients, and what they do."""
_INFORMATION: Final = (
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
)
_WHOLE_MESSAGE: Final = ("END-OF-MESSAGE", "DATA", "BDAT")
_STAGE_AND_CLIENT: Final = re.compile(r"(\S.*?) from ([^\[]*)\[([^\]]*)\](?::(\d+))?: ")
_STAGE: Final = re.compile(r"(\S+)()()(): ")
"""A proxy's answer names no client."""
_TAIL: Final = re.compile(
    rf"(?:from=<({ADDRESS})>)?,? ?(?:to=<({ADDRESS})>)?,? ?(?:proto=([^\s,]+))?,? ?(?:helo=<([^>]*)>)?"
    r"(?:.* sasl_username=<([^>]*)>)?"
)


def read_refusal(text: str, queue_id: str, program: Program) -> Reading:
    """Read from the word of the action on.

    Source: Postfix access(5) and smtpd_log_access_permit_actions, milter-reject of cleanup(8).
    """
    word, _, rest = text.partition(": ")
    action = _REFUSALS.get(word)
    if action is None:
        return None if word.startswith(_INFORMATION) else NOT_UNDERSTOOD
    found = (_STAGE if word == "proxy-reject" else _STAGE_AND_CLIENT).match(rest)
    if found is None:
        return NOT_UNDERSTOOD
    stage, client_name, client_address, client_port = found.groups()
    answer, tail = _answer_and_tail(rest[found.end() :])
    sender, recipient, protocol, helo, login = _fields(tail)
    return Refused(
        queue_id=None if queue_id == "NOQUEUE" else queue_id,
        action=action,
        stage=stage,
        client_name=client_name,
        client_address=client_address,
        text=answer,
        sender=sender,
        recipient=recipient,
        helo=helo,
        protocol=protocol,
        service=program.service,
        login=login,
        ends_message=stage.startswith(_WHOLE_MESSAGE) or action != "reject",
        client_port=client_port,
    )


def _fields(tail: str) -> tuple[str | None, ...]:
    """Return sender, recipient, protocol, HELO and login of the end of a line."""
    found = _TAIL.match(tail)
    return found.groups() if found is not None else (None,) * 5


def _answer_and_tail(text: str) -> tuple[str, str]:
    answer, semicolon, tail = text.rpartition("; from=<")
    if not semicolon:
        answer, semicolon, tail = text.rpartition("; proto=")
    return (answer, semicolon[2:] + tail) if semicolon else (text, "")

"""Exim's main log: one identifier from arrival to completion."""

import re
from typing import Final

from postroom_logs.daemons.exim_refusals import read_refusal
from postroom_logs.daemons.log_events import (
    NOT_UNDERSTOOD,
    Arrived,
    Attempted,
    Held,
    Reading,
    Released,
    Removed,
)
from postroom_logs.daemons.registration import Program, reads

_STAMP: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d{4})? ")
_PROCESS: Final = re.compile(r"\[\d+\] ")
_ID: Final = re.compile(r"(\w{6}-\w{6}-\w{2}|\w{6}-\w{11}-\w{4}) ")  # Exim 4.97 made identifiers longer
_HOST: Final = re.compile(r" H=(?:([^\s(\[]+) )?(?:\(([^)]*)\) )?\[([^\]]*)\]")
_FIELD: Final = re.compile(r' ([A-Za-z]+)=("(?:[^"\\]|\\.)*"|\S+)')
_RECIPIENT: Final = re.compile(r"(\S+|:blackhole:)(?: <([^>]*)>)?")
_ENHANCED: Final = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_STATUS: Final = {"=>": "sent", "->": "sent", ">>": "sent", "**": "bounced", "==": "deferred"}
_DEFAULT_DSN: Final = {"sent": "2.0.0", "bounced": "5.0.0", "deferred": "4.0.0"}


@reads("exim", "exim4")
def read_exim(line: str, start: int, _program: Program) -> Reading:
    """Read a line of the main log, from the file or through syslog.

    Source: The Exim specification, chapter "Log files".
    """
    for prefix in (_STAMP, _PROCESS):
        skipped = prefix.match(line, start)
        start = skipped.end() if skipped else start
    found = _ID.match(line, start)
    if found is None:
        return read_refusal(line, start, None)
    return _about(line, found.end(), found[1])


def _about(line: str, start: int, queue_id: str) -> Reading:
    flag, text = line[start : start + 2], line[start + 3 :]
    if flag == "<=":
        return _arrived(text, queue_id)
    if flag in _STATUS:
        return _attempted(text, queue_id, _STATUS[flag])
    if flag == "*>":
        return None
    return _ended(line, start, queue_id)


def _ended(line: str, start: int, queue_id: str) -> Reading:
    text = line[start:]
    if text.startswith(("Completed", "removed by", "cancelled by")):
        return Removed(queue_id)
    if text.startswith(("Frozen", "frozen by")):
        return Held(queue_id)
    if text.startswith(("Unfrozen", "unfrozen by")):
        return Released(queue_id)
    return read_refusal(line, start, queue_id) if " rejected " in text else None


def _arrived(text: str, queue_id: str) -> Reading:
    sender, _, rest = text.partition(" ")
    fields = dict(_FIELD.findall(" " + rest.partition(' T="')[0]))
    host = _HOST.search(" " + rest)
    size = fields.get("S", "")
    login = fields.get("A", "").partition(":")[2]
    return Arrived(
        queue_id=queue_id,
        sender="" if sender == "<>" else sender,
        size_bytes=int(size) if size.isdecimal() else None,
        message_id=fields.get("id"),
        client_name=(host[1] or host[2]) if host else None,
        client_address=host[3] if host else None,
        login=login or None,
        parent_queue_id=fields.get("R"),
        local=host is None and "P" in fields and fields["P"].startswith("local"),
    )


def _attempted(text: str, queue_id: str, status: str) -> Reading:
    found = _RECIPIENT.match(text)
    if found is None:
        return NOT_UNDERSTOOD
    recipient, original = found[1].rstrip(":"), found[2]
    rest = text[found.end() :]
    fields = dict(_FIELD.findall(rest))
    if ":blackhole" in recipient:
        return Attempted(queue_id, original or "", None, "", "", "2.0.0", "discarded", "blackhole", "exim")
    if original and "@" not in recipient:
        recipient, original = original, None
    host = _HOST.search(rest)
    answer = _answer(rest, fields, status)
    enhanced = _ENHANCED.search(answer)
    return Attempted(
        queue_id,
        recipient,
        original,
        f"{host[1] or ''}[{host[3]}]" if host else fields.get("T", "").rstrip(":"),
        fields.get("DT", ""),
        enhanced[1] if enhanced else _DEFAULT_DSN[status],
        status,
        answer,
        fields.get("T", "exim").rstrip(":"),
    )


def _answer(rest: str, fields: dict[str, str], status: str) -> str:
    if status == "sent":
        return fields.get("C", "").strip('"')
    if status == "deferred":
        return rest[rest.find(" defer ") + 1 :] if " defer " in rest else rest.strip()
    return rest.partition(": ")[2] or rest.strip()

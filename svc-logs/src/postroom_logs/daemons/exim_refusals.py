"""Exim's answers of "no" and failed logins."""

import re
from typing import Final

from postroom_logs.daemons.log_events import NOT_UNDERSTOOD, LoginFailed, Misbehaved, Reading, Refused

_CLIENT: Final = r"(?:([^\s(\[]+) )?(?:\(([^)]*)\) )?\[([^\]]*)\](?::(\d+))?"
_LOGIN: Final = re.compile(rf"(\w+) authenticator failed for (?:H=)?{_CLIENT}.*?: (.*?)(?: \(set_id=(.*)\))?$")
_REFUSED: Final = re.compile(
    rf"H={_CLIENT}(?: I=\S+)?((?: (?:X|CV|U|A|SNI|DN|P|PRX)=(?:\"[^\"]*\"|\S+))*)(?: F=<([^>]*)>)?"
    r" (temporarily rejected|rejected) (connection|[A-Z/]+|after DATA)(?: <([^>]*)>)?(?: in \"(\w+)\" ACL)?(?:: (.*))?$"
)
_SENDER: Final = re.compile(rf"H={_CLIENT}.*? sender verify (?:fail|defer) for (<.*)$")


def read_refusal(line: str, start: int, queue_id: str | None) -> Reading:
    """Read a line that has no arrow: a refusal, a failed login, or the daemon's own affairs."""
    found = _REFUSED.match(line, start)
    if found is not None:
        return _refused(found, queue_id)
    login = _LOGIN.match(line, start)
    if login is not None:
        service, name, helo, address, port, reason, user = login.groups()
        return LoginFailed(service, user, name, address, port, helo, None, reason)
    sender = _SENDER.match(line, start)
    if sender is not None:
        return Misbehaved("sender-verify-failed", sender[1] or sender[2], sender[3], sender[4], sender[5])
    return NOT_UNDERSTOOD if " rejected " in line[start:] else None


def _refused(found: re.Match[str], queue_id: str | None) -> Reading:
    name, helo, address, port, details, sender, _, stage, recipient, _, text = found.groups()
    if stage not in {"RCPT", "after DATA", "DATA"}:
        return Misbehaved(f"rejected-{stage.lower()}", name or helo, address, port, text or "")
    login = re.search(r" A=\w+:(\S+)", details or "")
    return Refused(
        queue_id=queue_id,
        action="reject",
        stage=stage,
        client_name=name or "",
        client_address=address,
        text=_spoken(text or ""),
        sender=sender,
        recipient=recipient,
        helo=helo,
        protocol=None,
        service="",
        login=login[1] if login else None,
        ends_message=stage != "RCPT",
        client_port=port,
    )


def _spoken(text: str) -> str:
    return text[1:-1] if text.startswith('"') and text.endswith('"') else text

"""OpenDKIM, OpenDMARC and the SPF policy daemon: whether a sender is who it claims to be."""

import re
from typing import Final

from postroom_logs.daemons.log_events import Authenticated, Reading
from postroom_logs.daemons.postfix_words import is_queue_id
from postroom_logs.daemons.registration import Program, reads

_DMARC: Final = re.compile(r"\S+ (pass|fail|none|temperror|permerror)\b")


@reads("opendkim")
def read_opendkim(line: str, start: int, _program: Program) -> Reading:
    """Read `QID: DKIM-Signature field added` or `QID: DKIM verification successful`."""
    queue_id, colon, text = line[start:].partition(": ")
    if not colon or not is_queue_id(queue_id):
        return None
    if text.startswith("DKIM-Signature"):
        return Authenticated(queue_id, "dkim", "signed")
    if text.startswith("DKIM verification successful"):
        return Authenticated(queue_id, "dkim", "pass")
    if "signature" in text or text.startswith("bad"):
        return Authenticated(queue_id, "dkim", "none" if text.startswith("no signature") else "fail")
    return None


@reads("opendmarc")
def read_opendmarc(line: str, start: int, _program: Program) -> Reading:
    """Read `QID: domain.example pass`."""
    queue_id, colon, text = line[start:].partition(": ")
    found = _DMARC.match(text) if colon and is_queue_id(queue_id) else None
    return Authenticated(queue_id, "dmarc", found[1]) if found else None


@reads("policyd-spf", "postfix-policyd-spf-perl", "*/policy-spf", "postgrey", "policyd", "cbpolicyd")
def read_policy(_line: str, _start: int, _program: Program) -> Reading:
    """Policy services: Postfix logs what they refuse, with the recipient."""
    return None

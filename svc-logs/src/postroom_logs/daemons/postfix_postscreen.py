"""Postfix postscreen: who is turned away at the door, before a mail server process sees the client."""

import re
from typing import Final

from postroom_logs.daemons.log_events import NOT_UNDERSTOOD, Misbehaved, Reading
from postroom_logs.daemons.postfix_refusals import read_refusal
from postroom_logs.daemons.postfix_words import noise_or_unread
from postroom_logs.daemons.registration import Program, reads

_QUIET: Final = (
    "CONNECT from ",
    "PASS ",
    "DISCONNECT ",
    "WHITELISTED ",
    "ALLOWLISTED ",
    "BLACKLISTED ",
    "DENYLISTED ",
    "WHITELIST VETO ",
    "ALLOWLIST VETO ",
    "DNSBL rank ",
    "HANGUP ",
    "cache ",
    "COMMAND ",
    "BARE NEWLINE ",
    "NON-SMTP COMMAND ",
    "PIPELINING ",
    "DATA without ",
    "NOQUEUE: reject: CONNECT",
    "entering ",
    "leaving ",
)
_PREGREET: Final = re.compile(r"PREGREET \d+ after \S+ from \[([^\]]*)\]:(\d+): (.*)", re.DOTALL)


@reads("*/postscreen")
def read_postscreen(text: str, program: Program) -> Reading:
    """Read a line of postscreen(8)."""
    if text.startswith(_QUIET):
        return None
    if text.startswith("NOQUEUE: "):
        return read_refusal(text[9:], "NOQUEUE", program)
    if text.startswith("PREGREET "):
        found = _PREGREET.match(text)
        return Misbehaved("pregreet", None, *found.groups()) if found is not None else NOT_UNDERSTOOD
    return noise_or_unread(text)

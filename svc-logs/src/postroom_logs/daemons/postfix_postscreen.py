"""Postfix postscreen: who is turned away at the door, before a mail server process sees the client."""

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
    "warning",
)


@reads("*/postscreen")
def read_postscreen(line: str, start: int, program: Program) -> Reading:
    """Read a line of postscreen(8)."""
    if line.startswith(_QUIET, start):
        return None
    if line.startswith("NOQUEUE: ", start):
        return read_refusal(line, start + 9, "NOQUEUE", program)
    if line.startswith("PREGREET ", start):
        return _pregreet(line, start)
    return noise_or_unread(line, start)


def _pregreet(line: str, start: int) -> Reading:
    """`PREGREET 16 after 2.6 from [192.0.2.1]:41323: EHLO ...`."""
    bracket = line.find("[", start)
    close = line.find("]:", bracket)
    colon = line.find(": ", close)
    if bracket < 0 or close < 0 or colon < 0:
        return NOT_UNDERSTOOD
    return Misbehaved("pregreet", None, line[bracket + 1 : close], line[close + 2 : colon], line[colon + 2 :])

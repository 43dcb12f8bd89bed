"""Postfix's delivery agents: each attempt to deliver to one recipient is one line."""

import re
from typing import Final

from postroom_logs.daemons.log_events import NOT_UNDERSTOOD, Attempted, Reading
from postroom_logs.daemons.postfix_words import ADDRESS, is_queue_id, noise_or_unread
from postroom_logs.daemons.registration import Program, reads

_ATTEMPT: Final = re.compile(
    rf"(\w+): to=<({ADDRESS})>, (?:orig_to=<({ADDRESS})>, )?relay=([^,]*), (?:conn_use=\d+, )?"
    r"delay=([^,]*), delays=[^,]*, dsn=([\d.]+), status=(\w+) \((.*)\)$",
    re.DOTALL,
)
_BEFORE_THE_RESULT: Final = (
    "host ",
    "lost connection with ",
    "conversation with ",
    "enabling PIX",
    "breaking line",
    "Cannot start TLS",
    "TLS is required",
    "Server certificate",
    "replace: ",
    "prepend: ",
    "strip: ",
    "warn: ",
    "info: ",
    "timed out",
    "smtp_",
    "lmtp_",
    "non-",
    "delivering",
    "certificate",
    "no shared cipher",
    "sender ",
    "uid=",
    "warning: ",
    "pix workaround",
    "passing",
)
_new: Final = tuple.__new__
"""Makes a named tuple in half the time of its own constructor: one line in seven comes here."""


@reads("*/smtp", "*/lmtp", "*/local", "*/virtual", "*/pipe", "*/error", "*/retry", "*/discard", "*/spawn")
def read_attempt(text: str, program: Program) -> Reading:
    """Read a line of a delivery agent.

    `QID: to=<>, [orig_to=<>,] relay=, [conn_use=,] delay=, delays=, dsn=, status=sent (text)`
    """
    found = _ATTEMPT.match(text)
    if found is None:
        queue_id, _, rest = text.partition(": ")
        if not is_queue_id(queue_id):
            return noise_or_unread(text)
        return None if rest.startswith(_BEFORE_THE_RESULT) else NOT_UNDERSTOOD
    return _new(Attempted, (*found.groups(), program.daemon))

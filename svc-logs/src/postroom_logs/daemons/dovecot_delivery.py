"""Dovecot's LMTP server, delivery agent and Sieve (2.2 to 2.4): what became of a message in its mailbox."""

import re
from typing import Final

from postroom_logs.daemons.log_events import NOT_UNDERSTOOD, MailboxActed, Reading

_USUAL: Final = re.compile(
    r"lmtp\(([^)]*)\)<\d+><([^>]*)>: sieve: msgid=<([^>]*)>: (stored) mail into mailbox '(.*)'$", re.DOTALL
)
"""The line that nearly all deliveries leave, tried first: a third of the time of the general expression."""
_PREFIX: Final = re.compile(
    r"(?:lmtp|lda|deliver)\((?:\d+, )?([^)]*)\)(?:<[^>]*><([^>]*)>)?: "
    r"(?:Info: )?(?:([^\s:]+): )??(?:sieve: )?msgid=(\S*?)(?:: |$)"
)
"""`lmtp(user)<pid><session>: sieve: msgid=<id>: ` (2.3 on), `lmtp(user): session: sieve: msgid=<id>: ` (2.2)."""
_ACTIONS: Final = (
    ("stored mail into mailbox ", "stored"),
    ("saved mail to ", "stored"),
    ("discarded duplicate forward to ", "silent"),
    ("discarded vacation reply to ", "silent"),
    ("discarded duplicate vacation response to ", "silent"),
    ("forwarded to ", "forwarded"),
    ("sent vacation response to ", "answered"),
    ("not sending vacation", "silent"),
    ("not sending reject message", "silent"),
    ("sent reject message", "refused"),
    ("rejected message from ", "refused"),
    ("arked message to be discarded", "discarded"),
    ("discarding message", "discarded"),
    ("discarded message", "discarded"),
    ("failed to store into mailbox ", "failed"),
    ("save failed to ", "failed"),
    ("failed to redirect", "failed"),
    ("failed to forward", "failed"),
)
"""Words of lib-lda and Pigeonhole, and what they mean; Pigeonhole of 2.4 may say `fileinto action: ` before them."""
_new: Final = tuple.__new__
"""Makes a named tuple in half the time of its own constructor."""


def read_delivery(text: str) -> Reading:
    """Read a line of lmtp, lda or deliver."""
    usual = _USUAL.match(text)
    if usual is not None:
        return _new(MailboxActed, usual.groups())
    found = _PREFIX.match(text)
    if found is None:
        return None
    user, session, old_session, message_id = found.groups("")
    rest = text[found.end() :]
    for words, action in _ACTIONS:
        before, said, target = rest.partition(words)
        if said and "'" not in before:
            # Postfix's answer names the session of LMTP only
            known_as = (session or old_session) if text.startswith("lmtp") else ""
            return MailboxActed(user, known_as, _bare(message_id), action, _target(target))
    return NOT_UNDERSTOOD


def _bare(message_id: str) -> str:
    return "" if message_id == "unspecified" else message_id.removeprefix("<").rstrip(">")


def _target(text: str) -> str:
    """Take quotes and brackets from a folder or an address; a folder may hold the quote itself."""
    if text.startswith("'"):
        inner, quote, rest = text[1:].rpartition("'")
        return inner if quote and not rest.startswith(":") else text
    if text.startswith("<"):
        return text[1:].partition(">")[0]
    return text

"""What the daemons of Postfix have in common: queue ids, addresses, and lines that concern no delivery."""

import re
from typing import Final

from postroom_logs.daemons.log_events import NOT_UNDERSTOOD, Reading

ADDRESS: Final = r'"(?:[^"\\]|\\.)*"[^>]*|[^>]*'
"""Expression of an address between its brackets.

A quoted local part may hold anything, `>` too, so that a sender could forge the rest of a line
(RFC 5321 §4.1.2, Quoted-string).
"""
NOISE: Final = (
    "warning: ",
    "fatal: ",
    "error: ",
    "panic: ",
    "statistics: ",
    "connect to ",
    "connect from ",
    "disconnect from ",
    "daemon started",
    "table ",
    "terminating on signal",
    "reload ",
    "refreshing the Postfix mail system",
    "starting the Postfix mail system",
    "stopping the Postfix mail system",
    "process ",
    "using backwards-compatible default setting",
    "SSL_",
    "Trusted TLS",
    "Untrusted TLS",
    "Verified TLS",
    "Anonymous TLS",
    "certificate verification failed",
    "cannot load",
    "initializing",
    "setting up TLS",
    "auto_clnt_",
    "dict_",
    "lookup ",
    "hostname ",
    "unable to",
    "lost connection",
    "timeout after",
    "too many errors",
    "improper command pipelining",
    "milter-",
    "pass ",
    "premature end-of-input",
    "trigger_",
    "private/",
    "before ",
    "close database",
    "idle timeout",
    "script ",
    "scanning",
    "read timeout",
)
"""How lines of a Postfix daemon begin that tell about the daemon, not about a message."""
_WORDS: Final = {"warning", "fatal", "error", "panic", "statistics"}
_FIELD: Final = {name: re.compile(rf"\b{name}=<({ADDRESS})>") for name in ("from", "to", "helo")}


def noise_or_unread(text: str) -> Reading:
    """Return `None` for a line about the daemon itself, `NOT_UNDERSTOOD` for any other."""
    return None if text.startswith(NOISE) else NOT_UNDERSTOOD


def is_queue_id(text: str) -> bool:
    """Tell whether *text* has the shape of a queue id, short or long (postconf(5), enable_long_queue_ids)."""
    return 5 <= len(text) <= 24 and text.isalnum() and text not in _WORDS


def field(name: str, tail: str) -> str | None:
    """Return a field in brackets, such as `from`, of the end of a line: `from=<a@b> to=<c@d> proto=ESMTP helo=<e>`."""
    found = _FIELD[name].search(tail)
    return found[1] if found is not None else None

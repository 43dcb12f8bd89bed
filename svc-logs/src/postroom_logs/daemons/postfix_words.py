"""What the daemons of Postfix have in common: queue ids, addresses, and lines that concern no delivery."""

from typing import Final

from postroom_logs.daemons.log_events import NOT_UNDERSTOOD, Reading

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


def noise_or_unread(line: str, start: int) -> Reading:
    """Return `None` for a line about the daemon itself, `NOT_UNDERSTOOD` for any other."""
    return None if line.startswith(NOISE, start) else NOT_UNDERSTOOD


def is_queue_id(text: str) -> bool:
    """Tell whether *text* has the shape of a queue id, short or long (postconf(5), enable_long_queue_ids)."""
    return 5 <= len(text) <= 24 and text.isalnum() and text not in _WORDS


def address_end(line: str, start: int) -> int:
    """Return where the address that begins at *start* ends: the index of its `>`, or -1.

    A quoted local part may hold anything, `>` too, so that a sender could forge the rest of a line
    (RFC 5321 §4.1.2, Quoted-string).
    """
    if line[start : start + 1] != '"':
        return line.find(">", start)
    position = start + 1
    while position < len(line):
        character = line[position]
        if character == "\\":
            position += 1
        elif character == '"':
            return line.find(">", position)
        position += 1
    return -1


def value_after(line: str, word: str, start: int) -> str | None:
    """Return the address in brackets after *word*, such as `from=<`, found at or after *start*."""
    found = line.find(word, start)
    if found < 0:
        return None
    begin = found + len(word)
    end = address_end(line, begin)
    return line[begin:end] if end >= 0 else None

"""Messages on their way to a server, and the APPEND that carries them (RFC 3501 §6.3.11, RFC 3502)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from postroom_import.imap.commands import Command, Literal, Part, Pieces, astring
from postroom_import.imap.errors import ImapUsageError
from postroom_import.imap.internal_dates import InternalDate
from postroom_import.imap.names import MailboxName

# RFC 3501 §9: flag = "\" atom or atom; what a server sent outside of that is not sent on.
_FLAG = re.compile(r"\\?[^\x00-\x20\x7f-\U0010ffff(){%*\"\\\]]+")


def is_sendable_flag(flag: str) -> bool:
    r"""Tell whether *flag* can be set by APPEND: a system flag or a keyword, and not \Recent."""
    return _FLAG.fullmatch(flag) is not None and flag.lower() != "\\recent"


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    r"""One message to be appended, octet for octet.

    Args:
        size: Octets; more than 0, because an empty literal cancels a MULTIAPPEND (RFC 3502 §6.3.11).
        content: The octets, or a function that begins to read them from elsewhere.
        flags: As the source named them; `is_sendable_flag` tells which can be sent.
        internal_date: None lets the server take the present moment.
    """

    size: int
    content: bytes | Pieces = field(repr=False)
    flags: frozenset[str] = frozenset()
    internal_date: InternalDate | None = None

    def __post_init__(self) -> None:
        if self.size < 1 or (isinstance(self.content, bytes) and len(self.content) != self.size):
            raise ImapUsageError("A message has at least one octet, and as many as its size says")
        if not all(map(is_sendable_flag, self.flags)):
            raise ImapUsageError("A flag cannot be sent")
        if self.internal_date is not None and not self.internal_date.is_valid:
            raise ImapUsageError("An INTERNALDATE cannot be sent")


def append(name: MailboxName, messages: Iterable[OutgoingMessage]) -> Command:
    """APPEND; of more than one message only where the server has MULTIAPPEND (RFC 3502)."""
    parts: list[Part] = [b"APPEND ", astring(name.wire)]
    for message in messages:
        flags = " ".join(sorted(message.flags)).encode("ascii")
        date = b'"' + message.internal_date.wire.rjust(26) + b'" ' if message.internal_date else b""
        parts += [b" (" + flags + b") " + date, Literal(message.size, message.content)]
    return Command("APPEND", tuple(parts))

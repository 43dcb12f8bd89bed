"""Names of mailboxes: modified UTF-7, quoting, INBOX (RFC 3501 §5.1)."""

import binascii
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from postroom_import.imap.errors import ImapUsageError

# Printable US-ASCII stands for itself; "&" is written "&-"; the rest is base64 of UTF-16BE. RFC 3501 §5.1.3
_ENCODED_RUN = re.compile(r"[^\x20-\x7e]+|&")
_SHIFTED_RUN = re.compile(rb"&([A-Za-z0-9+,]*)-")
_FORBIDDEN = re.compile(rb"[\x00\r\n]")
_QUOTABLE = re.compile(rb"[\x20-\x7e]*")
_QUOTED_SPECIAL = re.compile(rb'["\\]')


def encode_utf7(text: str) -> bytes:
    """Return *text* in modified UTF-7; `ImapUsageError` when it holds half a surrogate pair."""
    try:
        return _ENCODED_RUN.sub(_encode_run, text).encode("ascii")
    except UnicodeEncodeError as error:
        raise ImapUsageError("A mailbox name holds half a surrogate pair") from error


def _encode_run(match: re.Match[str]) -> str:
    run = match[0]
    if run == "&":
        return "&-"
    encoded = binascii.b2a_base64(run.encode("utf-16-be"), newline=False).decode("ascii")
    return "&" + encoded.rstrip("=").replace("/", ",") + "-"


def decode_utf7(wire: bytes) -> str:
    """Return the text of *wire*; `ValueError` when it is not modified UTF-7.

    Shifts that a strict encoder would not have made, and raw UTF-8, are read all the same: servers send both.
    """
    if b"&" in _SHIFTED_RUN.sub(b"", wire):
        raise ValueError("a shift is not closed")
    return _SHIFTED_RUN.sub(_decode_run, wire).decode("utf-8")


def _decode_run(match: re.Match[bytes]) -> bytes:
    run = match[1]
    if not run:
        return b"&"
    padded = run.replace(b",", b"/") + b"=" * (-len(run) % 4)
    return binascii.a2b_base64(padded, strict_mode=True).decode("utf-16-be").encode("utf-8")


def quote(value: bytes) -> bytes | None:
    """Return *value* as a quoted string, or None when only a literal can carry it (RFC 3501 §4.3)."""
    if not _QUOTABLE.fullmatch(value):
        return None
    return b'"' + _QUOTED_SPECIAL.sub(rb"\\\g<0>", value) + b'"'


@dataclass(frozen=True)
class MailboxName:
    r"""The name of a mailbox exactly as the server spells it; equal names are equal octets, INBOX in any case.

    Names that are not valid modified UTF-7 are kept, so that a folder with a broken name can still be opened.

    Args:
        wire: Octets between the quotes, before "\\" escapes.
    """

    wire: bytes

    def __post_init__(self) -> None:
        if not self.wire or _FORBIDDEN.search(self.wire):
            raise ImapUsageError("A mailbox name is not empty and holds no NUL, CR or LF")
        if self.wire.upper() == b"INBOX":
            object.__setattr__(self, "wire", b"INBOX")

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the name that reads *text*; `ImapUsageError` when no mailbox can be called that."""
        if re.search(r"[\x00\r\n]", text):
            raise ImapUsageError("A mailbox name is not empty and holds no NUL, CR or LF")
        return cls(encode_utf7(text))

    @cached_property
    def text(self) -> str:
        """Show the name to people; broken octets are shown as they are, or as U+FFFD."""
        try:
            return decode_utf7(self.wire)
        except ValueError:
            return self.wire.decode("utf-8", "replace")

    @property
    def is_inbox(self) -> bool:
        """Tell whether this is the INBOX (RFC 3501 §5.1: the one name whose case does not matter)."""
        return self.wire == b"INBOX"

    def parts(self, separator: str | None) -> tuple[str, ...]:
        """Return the levels of the name, outermost first; one level where the server has no separator."""
        return tuple(self.text.split(separator)) if separator else (self.text,)


INBOX = MailboxName(b"INBOX")

"""Find the fields of a header block that name a sender, on its raw octets.

A block passes only when every reader must see the same fields: each line ends with CRLF, is a field or a continuation
that is not blank, and holds no control character. Postfix, for one, ends the header at a line it cannot read.
"""

import re
from dataclasses import dataclass

from postroom_smtp_guard.decision.domain import Field, Rule, UnreadableError

MAX_LINE_OCTETS = 998  # RFC 5322 §2.1.1
MAX_FIELD_OCTETS = 16 * 1024

_FIELDS = {
    field.value.replace("_", "-").encode(): field for field in Field if field.value not in {"envelope", "header"}
}
_LINES = re.compile(rb"(?:[!-9;-~]++:[^\r\n]*+\r\n(?:[ \t]++[^ \t\r\n][^\r\n]*+\r\n)*+)*+")
_NAMING = re.compile(
    rb"^(from|sender|resent-from|resent-sender):([^\r\n]*+\r\n(?:[ \t][^\r\n]*+\r\n)*+)", re.IGNORECASE | re.MULTILINE
)
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
# Line ends that some readers know besides CRLF: NEL in Latin-1 and UTF-8, U+2028, U+2029.
_HIDDEN = re.compile(
    rb"(?:\x85|\xe2\x80[\xa8\xa9])[ \t]*(?:from|sender|resent-from|resent-sender)[ \t]*:", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class NamingField:
    """A field that names a sender.

    Attributes:
        value: Everything behind the colon without the final CRLF, folds included.
        position: Octets of the block before the value.
    """

    field: Field
    value: bytes
    position: int


def header_of(message: bytes) -> bytes:
    """Return the header block of a message, without the empty line that ends it."""
    if message[:2] == b"\r\n":
        return b""
    end = message.find(b"\r\n\r\n")
    return message if end < 0 else message[: end + 2]


def has_bare_line_endings(octets: bytes) -> bool:
    """Return whether there is a CR without LF or an LF without CR (RFC 5321 §2.3.8)."""
    pairs = octets.count(b"\r\n")
    return octets.count(b"\n") != pairs or octets.count(b"\r") != pairs


def naming_fields(block: bytes) -> list[NamingField]:
    """Return the fields of a header block that name a sender, in order.

    Args:
        block: As `header_of` returns it; the CRLF of the last line may be missing.

    Raises:
        UnreadableError: Two readers could see different fields.
    """
    if block and block[-2:] != b"\r\n":
        block += b"\r\n"
    _refuse_ambiguity(block)
    return [_naming_field(found) for found in _NAMING.finditer(block)]


def _refuse_ambiguity(block: bytes) -> None:
    if has_bare_line_endings(block) and (bare := _BARE.search(block)):
        raise UnreadableError(Rule.BARE_LINE_ENDING, bare.start())
    if control := _CONTROL.search(block):
        raise UnreadableError(Rule.CONTROL_CHARACTER, control.start())
    matched = _LINES.match(block)
    if matched is not None and matched.end() != len(block):
        raise UnreadableError(Rule.BROKEN_LINE, matched.end())
    if not block.isascii() and (hidden := _HIDDEN.search(block)):
        raise UnreadableError(Rule.HIDDEN_FIELD, hidden.start())


def _naming_field(found: re.Match[bytes]) -> NamingField:
    value, position = found[2][:-2], found.start(2)
    if len(value) > MAX_LINE_OCTETS and (
        len(value) > MAX_FIELD_OCTETS or max(map(len, found[0].split(b"\r\n"))) > MAX_LINE_OCTETS
    ):
        raise UnreadableError(Rule.FIELD_TOO_LONG, position)
    return NamingField(_FIELDS[found[1].lower()], value, position)

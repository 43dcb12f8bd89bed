"""Read the value of From, Sender or a Resent- field: RFC 5322 §3.4 without what mail programs read differently.

Refused although the RFC has it: source routes, groups, empty list members, blanks, folds and comments inside an
address, an `@`, `:` or `;` in a display name without quotes. Nobody's mail program writes them today.
"""

import re
import unicodedata
from dataclasses import dataclass

from postroom_smtp_guard.decision.domain import Rule, UnreadableError
from postroom_smtp_guard.decision.paths import comparable

_SPACE = r"(?:[ \t]|\r\n(?=[ \t]))"
_WORD = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.\x80-\U0010ffff]++"
_QUOTED = r'"(?:[^"\\\r\n]|\\[^\r\n]|\r\n(?=[ \t]))*+"'
_COMMENT = r"\((?:[^()\\<>\"\r\n]|\r\n(?=[ \t]))*+\)"
_LOCAL = rf"(?:{_WORD}|\"[^\"\\\r\n]*+\")"
_MAILBOX = re.compile(
    rf"{_SPACE}*+"
    rf"(?:(?:(?:{_WORD}|{_QUOTED}|{_COMMENT}){_SPACE}*+)*+<(?P<angle>[^<>\r\n]*+)>"
    rf"|(?P<bare>{_LOCAL}@[^\s,;:<>()\"\[\]\\]++))"
    rf"{_SPACE}*+(?:{_COMMENT}{_SPACE}*+)?+"
)
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One address of a field.

    Attributes:
        address: In the form that is compared.
        position: Octets of the field's value before it.
    """

    address: str
    position: int


def read_mailboxes(value: bytes, *, utf8: bool) -> list[Mailbox]:
    """Return the addresses in a field's value.

    Args:
        value: Everything behind the colon, folds included.
        utf8: Whether addresses may have characters beyond ASCII.

    Raises:
        UnreadableError: It has no reading, or more than one; the position counts octets of *value*.
    """
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableError(Rule.CHARACTER_SET, error.start) from error
    if not text.isascii():
        _refuse_invisible_separators(text)
    found, at = [], 0
    while True:
        mailbox, at = _next_mailbox(text, at, utf8=utf8)
        found.append(mailbox)
        if at == len(text):
            return found
        if text[at] != ",":
            raise UnreadableError(Rule.ADDRESS_SYNTAX, _octets_before(text, at))
        at += 1


def _next_mailbox(text: str, at: int, *, utf8: bool) -> tuple[Mailbox, int]:
    matched = _MAILBOX.match(text, at)
    if matched is None:
        raise UnreadableError(Rule.ADDRESS_SYNTAX, _octets_before(text, at))
    group = "bare" if matched["angle"] is None else "angle"
    position = _octets_before(text, matched.start(group))
    try:
        return Mailbox(comparable(matched[group], utf8=utf8), position), matched.end()
    except UnreadableError as error:
        raise UnreadableError(error.rule, position + error.position) from error


def _octets_before(text: str, index: int) -> int:
    return index if text.isascii() else len(text[:index].encode("utf-8"))


def _refuse_invisible_separators(text: str) -> None:
    for index, character in enumerate(text):
        if ord(character) > 0x7F and unicodedata.category(character) in _REFUSED_CATEGORIES:
            raise UnreadableError(Rule.CONTROL_CHARACTER, _octets_before(text, index))

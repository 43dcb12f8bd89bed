"""Status responses and their codes: "A1 NO [OVERQUOTA] Mailbox is full" (RFC 3501 §7.1, RFC 5530)."""

import re
from collections.abc import Callable

from postroom_import.imap.errors import ImapProtocolError
from postroom_import.imap.results import (
    AppendUid,
    Condition,
    CopyUid,
    NumberCode,
    OtherCode,
    ResponseCode,
    Status,
    WordsCode,
)
from postroom_import.imap.tokens import as_number
from postroom_import.imap.uid_sets import UidSet

STATUS_LINE = re.compile(
    rb"(?P<tag>[^ \x00-\x1f(){%*\"\\+]+|\*) (?P<condition>OK|NO|BAD|BYE|PREAUTH)(?: (?P<rest>.*))?", re.I | re.DOTALL
)
# A flag list inside a code may hold "]" in no flag, so the first "]" ends it.
_CODE = re.compile(rb"\[(?P<name>[^ \]]+)(?: (?P<argument>[^\]]*))?\] ?")


def parse_status(line: bytes) -> Status | None:
    """Return the status response that *line* is, or None when it is none."""
    match = STATUS_LINE.fullmatch(line)
    if match is None:
        return None
    rest = match["rest"] or b""
    code = None
    if rest.startswith(b"[") and (found := _CODE.match(rest)):
        code = _parse_code(found["name"].decode("latin-1").upper(), found["argument"] or b"")
        rest = rest[found.end() :]
    tag = b"" if match["tag"] == b"*" else match["tag"]
    return Status(tag, Condition(match["condition"].upper()), code, rest.decode("utf-8", "replace"))


def _parse_code(name: str, argument: bytes) -> ResponseCode:
    """A code whose argument is not what it should be is kept as unknown: it must not cost the connection."""
    try:
        return _READERS.get(name, _other)(name, argument)
    except (ImapProtocolError, ValueError):
        return OtherCode(name, argument)


def _other(name: str, argument: bytes) -> ResponseCode:
    if argument.isdigit() and len(argument) <= 19:
        return NumberCode(name, int(argument))
    return OtherCode(name, argument)


def _append_uid(_name: str, argument: bytes) -> ResponseCode:
    uidvalidity, uids = argument.split()
    return AppendUid(as_number(uidvalidity), UidSet.parse(uids))


def _copy_uid(_name: str, argument: bytes) -> ResponseCode:
    uidvalidity, sources, targets = argument.split()
    return CopyUid(as_number(uidvalidity), UidSet.parse(sources), UidSet.parse(targets))


def _words(name: str, argument: bytes) -> ResponseCode:
    return WordsCode(name, frozenset(argument.decode("latin-1").strip("()").split()))


def _capabilities(name: str, argument: bytes) -> ResponseCode:
    return WordsCode(name, frozenset(argument.decode("latin-1").upper().split()))


_READERS: dict[str, Callable[[str, bytes], ResponseCode]] = {
    "APPENDUID": _append_uid,
    "COPYUID": _copy_uid,
    "PERMANENTFLAGS": _words,
    "BADCHARSET": _words,
    "CAPABILITY": _capabilities,
}

"""Untagged responses other than status and FETCH: LIST, STATUS, SEARCH, CAPABILITY, … (RFC 3501 §7.2-7.4)."""

import re
from collections.abc import Callable, Iterator

from postroom_import.imap.errors import ImapProtocolError, ImapUsageError
from postroom_import.imap.names import MailboxName
from postroom_import.imap.results import (
    Capabilities,
    Count,
    Flags,
    Found,
    ListEntry,
    MailboxStatus,
    NamespaceEntry,
    Namespaces,
    Response,
    ServerIdentity,
    Unknown,
    Value,
)
from postroom_import.imap.tokens import ValueReader, as_number
from postroom_import.imap.uid_sets import UidSet

_COUNT = re.compile(rb"\* (\d{1,10}) ([A-Z]{1,20})\Z", re.IGNORECASE)
_WORD = re.compile(rb"\* (?:\d{1,10} )?([A-Z][A-Z0-9\-]{0,39})(?= |\Z)", re.IGNORECASE)


def parse_untagged(line: bytes, literals: Iterator[bytes]) -> Response:
    """Return the untagged response that *line* is; `ImapProtocolError` when it is none."""
    if (count := _COUNT.match(line)) is not None:
        return Count(count[2].decode("ascii").upper(), int(count[1]))
    word = _WORD.match(line)
    if word is None or word[1].upper() == b"FETCH":
        raise ImapProtocolError(f"not an IMAP response: {line[:40]!r}")
    name = word[1].decode("ascii").upper()
    reader = _READERS.get(name)
    return reader(ValueReader(line, literals, word.end())) if reader else Unknown(name)


def _capability(reader: ValueReader) -> Response:
    return Capabilities(frozenset(_text(value).upper() for value in reader.rest()))


def _text(value: Value) -> str:
    if not isinstance(value, bytes):
        raise ImapProtocolError("a response has a list or NIL where a word belongs")
    return value.decode("latin-1")


def _list(reader: ValueReader) -> Response:
    return _list_entry(reader, subscribed_only=False)


def _lsub(reader: ValueReader) -> Response:
    return _list_entry(reader, subscribed_only=True)


def _list_entry(reader: ValueReader, *, subscribed_only: bool) -> ListEntry:
    attributes = frozenset(word.decode("latin-1").lower() for word in reader.words())
    separator = _separator(reader.value())
    return ListEntry(_name(reader), separator, attributes, subscribed_only)


def _separator(value: Value) -> str | None:
    if value is None or value == b"":
        return None
    if not isinstance(value, bytes) or len(value) != 1:
        raise ImapProtocolError("a hierarchy separator is one character or NIL")
    return value.decode("latin-1")


def _name(reader: ValueReader) -> MailboxName:
    value = reader.value()
    try:
        # A folder may be called NIL, and some servers send that without quotes.
        return MailboxName(b"NIL" if value is None else value if isinstance(value, bytes) else b"")
    except ImapUsageError as error:
        raise ImapProtocolError("a mailbox name is empty or holds NUL, CR or LF") from error


def _status(reader: ValueReader) -> Response:
    name = _name(reader)
    values = reader.words()
    pairs = zip(values[::2], values[1::2], strict=False)
    return MailboxStatus(name, {key.decode("latin-1").upper(): as_number(value) for key, value in pairs})


def _flags(reader: ValueReader) -> Response:
    return Flags(frozenset(word.decode("latin-1") for word in reader.words()))


def _search(reader: ValueReader) -> Response:
    # With CONDSTORE a "(MODSEQ n)" ends the line. RFC 7162 §3.1.5
    return Found(UidSet.of(as_number(value) for value in reader.rest() if not isinstance(value, tuple)))


def _esearch(reader: ValueReader) -> Response:
    """* ESEARCH (TAG "A1") UID ALL 1:3,7 (RFC 4731 §3.1)."""
    values = [value for value in reader.rest() if isinstance(value, bytes)]
    words = [value.upper() for value in values]
    if b"ALL" not in words[:-1]:
        return Found(UidSet(()))
    return Found(UidSet.parse(values[words.index(b"ALL") + 1]))


def _namespace(reader: ValueReader) -> Response:
    personal, others, shared = (_namespace_entries(reader.value()) for _ in range(3))
    return Namespaces(personal, others, shared)


def _namespace_entries(value: Value) -> tuple[NamespaceEntry, ...]:
    if value is None:
        return ()
    if isinstance(value, bytes):
        raise ImapProtocolError("a namespace is a list or NIL")
    return tuple(map(_namespace_entry, value))


def _namespace_entry(value: Value) -> NamespaceEntry:
    if not isinstance(value, tuple) or len(value) < 2 or not isinstance(value[0], bytes):
        raise ImapProtocolError("a namespace has a prefix and a separator")
    return NamespaceEntry(value[0], _separator(value[1]))


def _identity(reader: ValueReader) -> Response:
    value = reader.value()
    if not isinstance(value, tuple):
        return ServerIdentity({})
    pairs = zip(value[::2], value[1::2], strict=False)
    return ServerIdentity({_text(key): _text(field) for key, field in pairs if field is not None})


_READERS: dict[str, Callable[[ValueReader], Response]] = {
    "CAPABILITY": _capability,
    "LIST": _list,
    "XLIST": _list,
    "LSUB": _lsub,
    "STATUS": _status,
    "FLAGS": _flags,
    "SEARCH": _search,
    "ESEARCH": _esearch,
    "NAMESPACE": _namespace,
    "ID": _identity,
}

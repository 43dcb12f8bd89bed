"""FETCH responses, read piece by piece, because a body may stand anywhere among the items (RFC 3501 §7.4.2)."""

import re
from collections.abc import Iterator
from functools import lru_cache

from postroom_import.imap.errors import ImapProtocolError
from postroom_import.imap.internal_dates import InternalDate
from postroom_import.imap.results import BodyPiece, BodyStart, Fetched, Response, Value
from postroom_import.imap.tokens import ValueReader, as_number, as_words

FETCH_LINE = re.compile(rb"\* (\d{1,10}) FETCH \(", re.IGNORECASE)
# The literal that ends this text is a body to be handed over in pieces.
BODY_BEFORE_LITERAL = re.compile(rb"[ (](?:(?:BODY|BINARY)\[([^\]]*+)\](?:<\d+>)?|RFC822) ~?\Z", re.IGNORECASE)
_USUAL_FLAGS_BYTES = 200
_BODY_TAIL_BYTES = 2_000
# The five items a copier asks for, each in one step; anything else goes through the general reader.
_ITEM = re.compile(
    rb' ?(?:UID (?P<uid>\d{1,10})|FLAGS \((?P<flags>[^()"{\r\n]*)\)|INTERNALDATE "(?P<date>[^"\\\r\n]*)"'
    rb"|RFC822\.SIZE (?P<size>\d{1,19})|MODSEQ \((?P<modseq>\d{1,19})\))(?=[ )])",
    re.IGNORECASE,
)
_NAME = re.compile(rb" ?([A-Za-z0-9.\-_]+(?:\[[^\]\r\n]*+\](?:<\d+>)?)?) ")
_CLOSE = re.compile(rb" *+\) *+\Z")
_WHOLE_BODY = {b"BODY[]", b"RFC822"}


def _flag_set(wire: bytes) -> frozenset[str]:
    return _usual_flag_set(wire) if len(wire) < _USUAL_FLAGS_BYTES else frozenset(wire.decode("latin-1").split())


@lru_cache(maxsize=1024)
def _usual_flag_set(wire: bytes) -> frozenset[str]:
    """Most messages share a few sets of flags; what a server may send to fill the cache is bounded."""
    return frozenset(wire.decode("latin-1").split())


class FetchReader:
    """Gather the items of one FETCH response as its text comes in.

    Args:
        sequence: The message number the response begins with.
    """

    def __init__(self, sequence: int) -> None:
        self._sequence = sequence
        self._uid: int | None = None
        self._flags: frozenset[str] | None = None
        self._date: InternalDate | None = None
        self._size: int | None = None
        self._modseq: int | None = None
        self._others: dict[str, Value] = {}

    def so_far(self) -> Fetched:
        """Return what has been read before a body, without the items that have no field of their own."""
        return Fetched(self._sequence, self._uid, self._flags, self._date, self._size, self._modseq)

    def result(self) -> Fetched:
        """Return what has been read."""
        return Fetched(
            self._sequence, self._uid, self._flags, self._date, self._size, self._modseq, self._others or None
        )

    def read_up_to_body(self, text: bytes, literals: Iterator[bytes]) -> None:
        """Take the items in *text*, which ends with the name of a body item."""
        body = BODY_BEFORE_LITERAL.search(text, max(0, len(text) - _BODY_TAIL_BYTES))
        end = body.start() if body else len(text)
        # The blank or parenthesis before the name ends the item before it.
        position = self._known_items(text, 0)
        while position < end:
            position = self._known_items(text, self._other_item(text, position, literals))
        if position != end:
            raise ImapProtocolError("a body begins inside another item")

    def read_to_end(self, text: bytes, literals: Iterator[bytes]) -> list[Response]:
        """Take the last items; return the events of bodies that came as strings, then the `Fetched`."""
        bodies: list[Response] = []
        position = self._known_items(text, 0)
        while not _CLOSE.match(text, position):
            position = self._known_items(text, self._other_item(text, position, literals, bodies))
        return [*bodies, self.result()]

    def _known_items(self, text: bytes, position: int) -> int:
        while (match := _ITEM.match(text, position)) is not None:
            position = match.end()
            kind = match.lastgroup
            if kind == "uid":
                self._uid = int(match["uid"])
            elif kind == "flags":
                self._flags = _flag_set(match["flags"])
            elif kind == "date":
                self._date = InternalDate(match["date"])
            elif kind == "size":
                self._size = int(match["size"])
            else:
                self._modseq = int(match["modseq"])
        return position

    def _other_item(
        self, text: bytes, position: int, literals: Iterator[bytes], bodies: list[Response] | None = None
    ) -> int:
        match = _NAME.match(text, position)
        if match is None:
            raise ImapProtocolError(f"a FETCH response is malformed near {text[position : position + 40]!r}")
        reader = ValueReader(text, literals, match.end())
        name, value = match[1].upper(), reader.value()
        if name in _WHOLE_BODY and value is not None and bodies is not None:
            bodies.extend(self._small_body(value))
        else:
            self._keep(name, value)
        return reader.position

    def _small_body(self, value: Value) -> Iterator[Response]:
        if not isinstance(value, bytes):
            raise ImapProtocolError("a body is a list")
        yield BodyStart("", len(value), self.so_far())
        if value:
            yield BodyPiece(value)

    def _keep(self, name: bytes, value: Value) -> None:
        """Store an item in a form the fast path does not know: a date as literal, a flag as string."""
        if name == b"UID":
            self._uid = as_number(value)
        elif name == b"FLAGS":
            self._flags = frozenset(word.decode("latin-1") for word in as_words(value))
        elif name == b"INTERNALDATE" and isinstance(value, bytes):
            self._date = InternalDate(value)
        elif name == b"RFC822.SIZE":
            self._size = as_number(value)
        else:
            self._others[name.decode("ascii")] = value

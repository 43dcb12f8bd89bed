"""Reading one value after the other from a response line: atoms, strings, literals, nested lists."""

import re
from collections.abc import Iterator

from postroom_import.imap.errors import ImapProtocolError
from postroom_import.imap.results import Value

MAX_DEPTH = 32
# The octets of a literal are cut out of the line and kept beside it; its "{n}" CRLF stays as a marker.
# A quoted string may hold raw UTF-8 (RFC 9051 §4.3); an atom is taken more widely than the grammar does.
_TOKEN = re.compile(
    rb' *+(?:(?P<string>"[^"\\\r\n]*+(?:\\[^\r\n][^"\\\r\n]*+)*+")|(?P<literal>~?\{\d+\+?\}\r\n)'
    rb'|(?P<open>\()|(?P<close>\))|(?P<atom>(?:\[[^\]\r\n]*+\]?|[^ ()"{\r\n\x00\[])++))'
)
_END = re.compile(rb" *+\Z")
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)


def unquote(string: bytes) -> bytes:
    """Return what a quoted string, quotes included, stands for."""
    inner = string[1:-1]
    return _ESCAPE.sub(rb"\1", inner) if b"\\" in inner else inner


class ValueReader:
    """Read the values of a response line from left to right.

    Args:
        line: Without its last CRLF; literals replaced by their markers.
        literals: What stood at the markers, in order.
        position: Where to begin.
    """

    def __init__(self, line: bytes, literals: Iterator[bytes], position: int = 0) -> None:
        self._line = line
        self._literals = literals
        self.position = position

    def at_end(self) -> bool:
        """Tell whether only blanks are left."""
        return _END.match(self._line, self.position) is not None

    def rest(self) -> Iterator[Value]:
        """Yield all values up to the end of the line."""
        while not self.at_end():
            yield self.value()

    def value(self) -> Value:
        """Return the next value; lists are read without recursion, at most `MAX_DEPTH` deep."""
        stack: list[list[Value]] = []
        while True:
            kind, token = self._token()
            if kind == "open":
                if len(stack) >= MAX_DEPTH:
                    raise ImapProtocolError("a response is nested too deeply")
                stack.append([])
                continue
            value: Value
            if kind == "close":
                if not stack:
                    raise ImapProtocolError("a parenthesis is closed that was never opened")
                value = tuple(stack.pop())
            else:
                value = self._plain(kind, token)
            if not stack:
                return value
            stack[-1].append(value)

    def _token(self) -> tuple[str, bytes]:
        match = _TOKEN.match(self._line, self.position)
        if match is None or match.lastgroup is None:
            raise ImapProtocolError(f"a response is malformed near {self._line[self.position : self.position + 40]!r}")
        self.position = match.end()
        return match.lastgroup, match[match.lastgroup]

    def _plain(self, kind: str, token: bytes) -> Value:
        if kind == "string":
            return unquote(token)
        if kind == "literal":
            return next(self._literals)
        return None if token.upper() == b"NIL" else token

    def words(self) -> tuple[bytes, ...]:
        """Return the next value, which must be a flat list of atoms or strings."""
        return as_words(self.value())


def as_words(value: Value) -> tuple[bytes, ...]:
    """Return *value* as a flat list of atoms or strings; `ImapProtocolError` when it is anything else."""
    if not isinstance(value, tuple):
        raise ImapProtocolError("a response has no list where one belongs")
    words = tuple(word for word in value if isinstance(word, bytes))
    if len(words) != len(value):
        raise ImapProtocolError("a list of words holds something else")
    return words


def as_number(value: Value) -> int:
    """Return *value* as a number of at most 63 bits (RFC 9051 §9 number64)."""
    if not isinstance(value, bytes) or not value.isdigit() or len(value) > 19:
        raise ImapProtocolError("a response has no number where one belongs")
    return int(value)

"""The response parser: fed with bytes as they come, gives typed responses. It never reads, waits or grows.

Lines are bounded, literals inside them too; the octets of message bodies pass through in pieces of at most 64 KiB,
so that memory does not depend on the size of a message.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from postroom_import.imap.errors import ImapProtocolError
from postroom_import.imap.fetch_responses import BODY_BEFORE_LITERAL, FETCH_LINE, FetchReader
from postroom_import.imap.results import BodyPiece, BodyStart, Continuation, Response
from postroom_import.imap.status_responses import STATUS_LINE, parse_status
from postroom_import.imap.untagged_responses import parse_untagged

PIECE_BYTES = 65_536
_LITERAL_END = re.compile(rb"\{(\d{1,19})\+?\}\Z")
# "{", 19 digits, "+", "}"
_LITERAL_MARK_BYTES = 22


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one response may make this side hold.

    Args:
        line_bytes: A response without message bodies; a plain SEARCH of a large folder is the longest.
        body_bytes: One message body.
    """

    line_bytes: int = 2 * 1024 * 1024
    body_bytes: int = 2**32 - 1


class ResponseParser:
    """Turn the bytes of a server into responses.

    `feed` gives the same responses however the bytes are cut, but for the cuts of `BodyPiece`s.
    After an `ImapProtocolError` the parser is of no more use.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._partial = bytearray()
        self._texts: list[bytes] = []
        self._literals: list[bytes] = []
        self._held = 0
        self._body_left = 0
        self._literal_left = 0
        self._literal = bytearray()
        self._fetch: FetchReader | None = None

    def feed(self, data: bytes) -> Iterator[Response]:
        """Yield what *data* completes; raise `ImapProtocolError` at the first octet that cannot be read."""
        position, end = 0, len(data)
        while position < end:
            if self._body_left:
                piece = data[position : position + min(self._body_left, PIECE_BYTES)]
                position += len(piece)
                self._body_left -= len(piece)
                yield BodyPiece(piece)
            elif self._literal_left:
                position = self._take_literal(data, position)
            else:
                line_end = data.find(b"\n", position) + 1
                piece = data[position : line_end or end]
                position += len(piece)
                self._hold(len(piece))
                if line_end:
                    yield from self._end_of_line(self._with_partial(piece))
                else:
                    self._partial += piece

    def _hold(self, size_bytes: int) -> None:
        self._held += size_bytes
        if self._held > self._limits.line_bytes:
            raise ImapProtocolError(f"a response is longer than {self._limits.line_bytes} octets")

    def _with_partial(self, piece: bytes) -> bytes:
        if not self._partial:
            return piece
        whole = bytes(self._partial) + piece
        self._partial.clear()
        return whole

    def _take_literal(self, data: bytes, position: int) -> int:
        piece = data[position : position + self._literal_left]
        self._literal += piece
        self._literal_left -= len(piece)
        if not self._literal_left:
            self._literals.append(bytes(self._literal))
            self._literal.clear()
        return position + len(piece)

    def _end_of_line(self, line: bytes) -> Iterator[Response]:
        # RFC 3501 §2.2: lines end with CRLF; a lone LF is taken too.
        text = line[:-2] if line.endswith(b"\r\n") else line[:-1]
        if text.endswith(b"}"):
            mark = _LITERAL_END.search(text, max(0, len(text) - _LITERAL_MARK_BYTES))
            if mark is not None and not self._is_status(text):
                yield from self._begin_literal(text, int(mark[1]), mark.start())
                return
        yield from self._complete(text)

    def _is_status(self, text: bytes) -> bool:
        """The words of a status or "+" line may end in "{5}" without a literal to follow."""
        if self._texts or self._fetch is not None:
            return False
        return text.startswith(b"+") or STATUS_LINE.fullmatch(text) is not None

    def _begin_literal(self, text: bytes, size_bytes: int, mark_start: int) -> Iterator[Response]:
        before = text[:mark_start]
        body = BODY_BEFORE_LITERAL.search(before, max(0, mark_start - 2_000)) if self._in_fetch(text) else None
        if body is None:
            self._hold(size_bytes)
            self._texts.append(text + b"\r\n")
            if size_bytes:
                self._literal_left = size_bytes
            else:
                self._literals.append(b"")
            return
        if size_bytes > self._limits.body_bytes:
            raise ImapProtocolError(f"a message is larger than {self._limits.body_bytes} octets")
        yield self._begin_body(before, size_bytes, (body[1] or b"").decode("latin-1"))

    def _in_fetch(self, text: bytes) -> bool:
        return self._fetch is not None or FETCH_LINE.match(self._texts[0] if self._texts else text) is not None

    def _begin_body(self, before: bytes, size_bytes: int, section: str) -> BodyStart:
        text, literals = self._take_line(before)
        if self._fetch is None:
            text = self._open_fetch(text)
        fetch = self._fetch
        if fetch is None:
            raise ImapProtocolError("a body stands outside a FETCH response")
        fetch.read_up_to_body(text, literals)
        self._body_left = size_bytes
        return BodyStart(section, size_bytes, fetch.so_far())

    def _open_fetch(self, text: bytes) -> bytes:
        match = FETCH_LINE.match(text)
        if match is None:
            return text
        self._fetch = FetchReader(int(match[1]))
        return text[match.end() - 1 :].replace(b"(", b" ", 1)

    def _take_line(self, last: bytes) -> tuple[bytes, Iterator[bytes]]:
        text = b"".join([*self._texts, last]) if self._texts else last
        literals = iter(self._literals)
        self._texts, self._literals = [], []
        return text, literals

    def _complete(self, last: bytes) -> Iterator[Response]:
        text, literals = self._take_line(last)
        self._held = 0
        if self._fetch is None:
            text = self._open_fetch(text)
        if self._fetch is not None:
            fetch, self._fetch = self._fetch, None
            yield from fetch.read_to_end(text, literals)
        elif text.startswith(b"+"):
            yield Continuation(text[1:].strip(b" "))
        else:
            yield parse_status(text) or parse_untagged(text, literals)

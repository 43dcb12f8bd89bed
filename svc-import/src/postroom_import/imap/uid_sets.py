"""Sets of message numbers as ranges, so that "1:4294967295" from a hostile server costs nothing (RFC 3501 §9)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from postroom_import.imap.errors import ImapProtocolError

MAX_UID = 2**32 - 1
# RFC 7162 §4: a command line stays below 8192 octets.
MAX_SET_BYTES = 7_500
_RANGE = re.compile(rb"(\d{1,10})(?::(\d{1,10}))?(?:,|\Z)")


@dataclass(frozen=True, slots=True)
class UidSet:
    """Unique identifiers in the order they were given, as inclusive (first, last) ranges.

    A last of `MAX_UID` is sent as "*".
    """

    ranges: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, uids: Iterable[int]) -> Self:
        """Return these uids, ascending and each once."""
        ranges: list[tuple[int, int]] = []
        for uid in sorted(set(uids)):
            if ranges and ranges[-1][1] == uid - 1:
                ranges[-1] = (ranges[-1][0], uid)
            else:
                ranges.append((uid, uid))
        return cls(tuple(ranges))

    @classmethod
    def since(cls, first: int) -> Self:
        """Return all uids from *first* on."""
        return cls(((first, MAX_UID),))

    @classmethod
    def parse(cls, wire: bytes) -> Self:
        """Return what a server listed, in its order; `ImapProtocolError` when it is not a set of numbers."""
        ranges = []
        position = 0
        while position < len(wire):
            match = _RANGE.match(wire, position)
            if match is None:
                raise ImapProtocolError("a set of uids is malformed")
            first = int(match[1])
            ranges.append((first, int(match[2]) if match[2] else first))
            position = match.end()
        return cls(tuple(ranges))

    def count(self) -> int:
        """Return how many numbers the ranges span."""
        return sum(abs(last - first) + 1 for first, last in self.ranges)

    def __iter__(self) -> Iterator[int]:
        for first, last in self.ranges:
            yield from range(min(first, last), max(first, last) + 1)

    def __contains__(self, uid: int) -> bool:
        return any(min(span) <= uid <= max(span) for span in self.ranges)

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def wires(self) -> Iterator[bytes]:
        """Yield the set in command arguments of at most `MAX_SET_BYTES` octets."""
        spans: list[bytes] = []
        length = 0
        for span in map(_render, self.ranges):
            if spans and length + len(span) + 1 > MAX_SET_BYTES:
                yield b",".join(spans)
                spans, length = [], 0
            spans.append(span)
            length += len(span) + 1
        if spans:
            yield b",".join(spans)


def _render(span: tuple[int, int]) -> bytes:
    first, last = span
    if last == MAX_UID:
        return b"%d:*" % first
    return b"%d" % first if first == last else b"%d:%d" % span

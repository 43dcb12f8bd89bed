"""Follow a log file across rotation: every complete line once, in order."""

from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from postroom_logs.collecting.positions import Position, position_in
from postroom_logs.collecting.rotation import LogFile, family, holds

LONGEST_LINE: Final = 1 << 20
"""A line that is longer is cut into several: it is no line of a mail log."""

_COPIED: Final = "log.copied_and_truncated"
_TRUNCATED: Final = "log.truncated"
_LOST: Final = "log.file_lost"


class Piece(NamedTuple):
    """Complete lines, and where the next ones begin.

    Attributes:
        data: Lines with their ends; empty when only the place changed.
        position: Where to go on once the lines are safe.
        warning: What an operator should know, such as a file that was truncated while it was read.
    """

    data: bytes
    position: Position
    warning: str | None


class _Place(NamedTuple):
    """Which file of a family to go on with."""

    files: list[LogFile]
    at: int
    warning: str | None


class FollowedFile:
    """Reads a log file piece by piece from any position; holds nothing that a crash could lose.

    A file that was renamed is read to its end under its new name before the next younger one. A file that was copied
    and truncated (`copytruncate`) is read to its end in the copy; lines that were written between the two acts are lost
    by design of `copytruncate`, so a warning says so.
    """

    def __init__(self, path: Path) -> None:
        """Follow *path* and the files that logrotate makes of it."""
        self._path = path

    def read(self, position: Position | None, *, limit_octets: int) -> Piece | None:
        """Return the next lines after *position* (from the oldest file on when `None`), or `None` when there are none.

        Args:
            position: Of the piece before.
            limit_octets: About how much at once; at least one line is returned when there is one.
        """
        files = family(self._path)
        if not files:
            return None
        try:
            if position is None:
                return self._read_file(_Place(files, 0, None), 0, limit_octets)
            place = self._find(files, position)
            offset = 0 if place.warning in {_LOST, _TRUNCATED} else position.offset
            return self._read_file(place, offset, limit_octets)
        except FileNotFoundError:  # rotated between the two looks: the next call sees the new names
            return None

    def _find(self, files: list[LogFile], position: Position) -> _Place:
        """Return which file to go on with, and a warning when it is not simply the file of before."""
        for at, file in enumerate(files):
            if file.inode == position.inode and holds(file, position):
                return _Place(files, at, None)
        for at, file in enumerate(files):
            if position.head_octets and holds(file, position):
                return _Place(files, at, _COPIED)
        for at, file in enumerate(files):
            if file.inode == position.inode:
                return _Place(files, at, _TRUNCATED)
        return _Place(files, len(files) - 1, _LOST)

    def _read_file(self, place: _Place, offset: int, limit_octets: int) -> Piece | None:
        files, at, warning = place
        file = files[at]
        with file.open() as opened:
            begun = position_in(opened, inode=file.inode, offset=offset)
            opened.seek(offset)
            data = _complete_lines(opened, limit_octets)
            if data:
                return Piece(data, begun._replace(offset=offset + len(data)), warning)
            written_on = next((n for n in range(at + 1, len(files)) if files[n].size), None)
            if written_on is not None:  # the writer has moved on: what is here is all there will be
                opened.seek(offset)
                return self._move_on(files[written_on], opened.read(LONGEST_LINE), warning)
        return Piece(b"", begun, warning) if warning else None

    def _move_on(self, file: LogFile, torn: bytes, warning: str | None) -> Piece:
        with file.open() as opened:
            place = position_in(opened, inode=file.inode, offset=0)
        return Piece(torn + b"\n" if torn else b"", place, warning)


def _complete_lines(file: BinaryIO, limit_octets: int) -> bytes:
    data = file.read(limit_octets)
    end = data.rfind(b"\n") + 1
    while not end and len(data) >= limit_octets and len(data) < LONGEST_LINE:
        more = file.read(limit_octets)
        if not more:
            break
        data += more
        end = data.rfind(b"\n") + 1
    if not end and len(data) >= LONGEST_LINE:
        return data[:LONGEST_LINE]
    return data[:end]

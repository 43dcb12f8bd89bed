"""A log file and what logrotate made of it, from the oldest to the one that is written now."""

import os
import re
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from postroom_logs.collecting.positions import Position, head_of

_NUMBERED: Final = re.compile(r"\.(\d+)$")
_DATED: Final = re.compile(r"-(\d{8}(?:-?\d{2,6})?)$")


class LogFile(NamedTuple):
    """One file of the family: its path, inode and size at the moment of looking."""

    path: Path
    inode: int
    size: int

    def open(self) -> BinaryIO:
        """Open the file.

        Raises:
            FileNotFoundError: It has another name since.
        """
        file = self.path.open("rb")
        if os.fstat(file.fileno()).st_ino != self.inode:
            file.close()
            raise FileNotFoundError(self.path)
        return file


def family(live: Path) -> list[LogFile]:
    """Return the readable files of a log, oldest first: `mail.log.2`, `mail.log.1`, `mail.log`, or with dates."""
    found: list[tuple[tuple[int, str], LogFile]] = []
    for path in live.parent.glob(f"{live.name}*"):
        age = _age(live.name, path.name)
        if age is None:
            continue
        try:
            status = path.stat()
        except FileNotFoundError:  # rotated away between the two looks
            continue
        found.append((age, LogFile(path, status.st_ino, status.st_size)))
    return [file for _, file in sorted(found)]


def _age(live: str, name: str) -> tuple[int, str] | None:
    """Return a key that grows towards the present; `None` for files of other names, compressed ones too."""
    if name == live:
        return 1, ""
    suffix = name[len(live) :]
    numbered = _NUMBERED.fullmatch(suffix)
    if numbered is not None:
        return -int(numbered[1]), ""
    dated = _DATED.fullmatch(suffix)
    return (0, dated[1]) if dated is not None else None


def holds(file: LogFile, position: Position) -> bool:
    """Tell whether *file* begins as the file of *position* did, and is long enough to have been read that far."""
    if file.size < position.offset:
        return False
    with file.open() as opened:
        return head_of(opened, position.head_octets) == position.head

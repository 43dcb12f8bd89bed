"""How far a source was read; kept in the transaction that keeps what was read."""

import hashlib
from typing import BinaryIO, Final, NamedTuple

HEAD_OCTETS: Final = 256


class Position(NamedTuple):
    """A place in a log file, whatever the file is called by now.

    An inode is used again once a file is gone, so the beginning of the file must agree too.

    Attributes:
        inode: Of the file.
        head_octets: How much of the beginning `head` is about; less than `HEAD_OCTETS` while the file is shorter.
        head: SHA-256 of the beginning, in hexadecimal digits.
        offset: Octets that were read, up to the end of a line.
    """

    inode: int
    head_octets: int
    head: str
    offset: int


def head_of(file: BinaryIO, octets: int) -> str:
    """Return the fingerprint of the first *octets* of a file, `""` when it is shorter."""
    file.seek(0)
    data = file.read(octets)
    return hashlib.sha256(data).hexdigest() if len(data) == octets else ""


def position_in(file: BinaryIO, *, inode: int, offset: int) -> Position:
    """Return the position *offset* of an open file."""
    file.seek(0)
    data = file.read(HEAD_OCTETS)
    known = data[: min(len(data), HEAD_OCTETS)]
    return Position(inode, len(known), hashlib.sha256(known).hexdigest(), offset)

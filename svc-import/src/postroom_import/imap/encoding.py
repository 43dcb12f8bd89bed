"""How a command becomes octets: literals, and where the sender must wait for "+". It never reads or waits itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from postroom_import.imap.commands import Command, Literal, Part, Pieces, Prompted

WRITE_BYTES = 262_144
# RFC 7888 §5: what LITERAL- lets a client send without being asked.
MINUS_BYTES = 4_096


class LiteralMode(Enum):
    """How literals may be sent (RFC 7888)."""

    SYNCHRONISING = "wait for + before each"
    PLUS = "LITERAL+"
    MINUS = "LITERAL-"


class Prompt(Enum):
    """A step of sending: wait until the server says "+"."""

    WAIT = "+"


@dataclass(frozen=True, slots=True)
class Upload:
    """A step of sending: *size* octets that `pieces` gives."""

    size: int
    pieces: Pieces


Step = bytes | Prompt | Upload


def steps(tag: bytes, command: Command, mode: LiteralMode) -> Iterator[Step]:
    """Yield what to do to send *command*, in writes of about `WRITE_BYTES`."""
    waiting: list[bytes] = [tag, b" "]
    size = 0
    for part in (*command.parts, b"\r\n"):
        for step in _part_steps(part, mode):
            if isinstance(step, bytes):
                waiting.append(step)
                size += len(step)
                if size < WRITE_BYTES:
                    continue
            yield b"".join(waiting)
            waiting, size = [], 0
            if not isinstance(step, bytes):
                yield step
    if waiting:
        yield b"".join(waiting)


def _part_steps(part: Part, mode: LiteralMode) -> Iterator[Step]:
    if isinstance(part, bytes):
        yield part
    elif isinstance(part, Prompted):
        yield b"\r\n"
        yield Prompt.WAIT
        yield part.content
    else:
        yield from _literal_steps(part, mode)


def _literal_steps(literal: Literal, mode: LiteralMode) -> Iterator[Step]:
    if mode is LiteralMode.PLUS or (mode is LiteralMode.MINUS and literal.size <= MINUS_BYTES):
        yield b"{%d+}\r\n" % literal.size
    else:
        yield b"{%d}\r\n" % literal.size
        yield Prompt.WAIT
    if not isinstance(literal.content, bytes):
        yield Upload(literal.size, literal.content)
    elif literal.size <= WRITE_BYTES:
        yield literal.content
    else:
        yield from (literal.content[at : at + WRITE_BYTES] for at in range(0, literal.size, WRITE_BYTES))

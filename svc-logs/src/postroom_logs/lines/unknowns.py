"""Lines that nobody understands, counted so that a new log format never goes unnoticed."""

from collections.abc import Iterator
from typing import Final, NamedTuple

SAMPLES: Final = 5
SAMPLE_CHARACTERS: Final = 500
PROGRAMS: Final = 500
OTHERS: Final = "(others)"


class Unknown(NamedTuple):
    """Lines of one program on one host that were not understood.

    Attributes:
        host: As the lines name it, `""` when they have no header.
        program: As the lines name it, `""` when they have no header.
        lines: How many.
        samples: The first few, cut at `SAMPLE_CHARACTERS`.
    """

    host: str
    program: str
    lines: int
    samples: tuple[str, ...]


class Unknowns:
    """Counts of lines that were not understood, by host and program, with bounded samples."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}
        self._samples: dict[tuple[str, str], list[str]] = {}

    def add(self, *, host: str, program: str, line: str) -> None:
        """Count *line*; beyond `PROGRAMS` different programs the rest is counted together."""
        key = (host, program)
        if key not in self._counts and len(self._counts) >= PROGRAMS:
            key = ("", OTHERS)
        self._counts[key] = self._counts.get(key, 0) + 1
        samples = self._samples.setdefault(key, [])
        if len(samples) < SAMPLES:
            samples.append(line[:SAMPLE_CHARACTERS])

    def __iter__(self) -> Iterator[Unknown]:
        for (host, program), count in self._counts.items():
            yield Unknown(host, program, count, tuple(self._samples[host, program]))

    @property
    def total(self) -> int:
        """How many lines were not understood."""
        return sum(self._counts.values())

    def take(self) -> list[Unknown]:
        """Return what was counted since the last call, and begin anew."""
        taken = list(self)
        self._counts.clear()
        self._samples.clear()
        return taken

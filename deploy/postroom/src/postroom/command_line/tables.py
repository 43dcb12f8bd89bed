"""Tables for people."""

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from postroom.command_line.terminal import printable

UNBROKEN = 1000
"""Columns of an output that is no terminal: no line is broken there."""


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print *rows* below their headings."""
    console = Console(width=None if sys.stdout.isatty() else UNBROKEN, soft_wrap=not sys.stdout.isatty())
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(printable(each), overflow="fold") for each in row))
    console.print(table)

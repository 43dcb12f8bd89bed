"""How daemons are found: every module of this package is imported, and each registers the programs it reads."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final, NamedTuple, TypeAlias

from postroom_logs.daemons.log_events import Reading


class Program(NamedTuple):
    """Who wrote a line: `postfix/submission/smtpd` is daemon `smtpd`, service `submission`, suite `postfix`."""

    name: str
    suite: str
    service: str
    daemon: str


Reader: TypeAlias = Callable[[str, int, Program], Reading]
"""Reads the text of a line, which begins at the given index."""

_readers: Final[dict[str, Reader]] = {}


def reads(*names: str) -> Callable[[Reader], Reader]:
    """Register a function as the reader of programs.

    Args:
        names: Whole program names (`rspamd`), or `*/` and the last part for daemons of Postfix, whose first part is
            whatever `syslog_name` says (`*/qmgr`).

    Raises:
        ValueError: Another module reads this program already.
    """

    def register(reader: Reader) -> Reader:
        for name in names:
            if name in _readers:
                raise ValueError(f"{name} has a reader already")
            _readers[name] = reader
        return reader

    return register


def program_named(name: str) -> Program:
    """Take a program's name apart at its slashes."""
    parts = name.split("/")
    return Program(name, parts[0], parts[1] if len(parts) > 2 else "", parts[-1])


def reader_of(program: Program) -> Reader | None:
    """Return who reads the lines of *program*, or `None` when nobody does."""
    readers = all_readers()
    return readers.get(program.name) or (readers.get(f"*/{program.daemon}") if "/" in program.name else None)


@cache
def all_readers() -> Mapping[str, Reader]:
    """Return the readers of all modules of this package, by registered name."""
    package = importlib.import_module("postroom_logs.daemons")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return _readers

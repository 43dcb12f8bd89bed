"""Wait for the end of a copy at the terminal: a progress bar or JSON lines, and what Ctrl-C does."""

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from rich.console import Console

from postroom.command_line.exit_codes import ExitCode
from postroom.command_line.problems import slug_of
from postroom.command_line.terminal import Terminal, printable
from postroom.imports.following import LOST, follow
from postroom.imports.progress_bar import ProgressBar
from postroom.imports.telling import exit_code_of_copy, summary, summary_lines
from postroom.imports.words import WORDS
from postroom.public_api import ApiProblemError

CANCEL_WORDS = frozenset({"c", "cancel", "a", "annuler"})


def wait_for(terminal: Terminal, copy: Mapping[str, Any]) -> ExitCode:
    """Show the copy until it stands still, tell its end, and return how the command ends.

    Ctrl-C asks whether to cancel it; a second one leaves it alone and ends the waiting.

    Raises:
        ApiProblemError: The copy may not be seen any more, or the suite is out of order for too long.
        ApiUnreachableError: The suite is out of reach for too long.
    """
    try:
        last = _shown(terminal, copy["id"])
    except KeyboardInterrupt:
        if not _wants_to_cancel(terminal):
            return _left(terminal, copy["id"])
        _cancel(terminal, copy["id"])
        last = _shown(terminal, copy["id"])
    return _ended(terminal, last)


def _cancel(terminal: Terminal, copy_id: str) -> None:
    """Ask the suite to end it; it may have come to its end while the person was thinking."""
    try:
        terminal.api.call("POST", f"/v1/imports/{copy_id}:cancel")
    except ApiProblemError as problem:
        if slug_of(problem.type) != "import/wrong-state":
            raise


def _shown(terminal: Terminal, copy_id: str) -> dict[str, Any]:
    last: dict[str, Any] = {}
    with ExitStack() as stack:
        bar = stack.enter_context(ProgressBar(Console(), terminal.language)) if terminal.shows_progress else None
        for copy in follow(terminal.api, copy_id):
            if copy is LOST:
                _tell_lost(terminal, bar)
                continue
            last = copy
            if bar is not None:
                bar.show(copy)
            elif terminal.as_json:
                terminal.record(event="progress", copy=copy)
    return last


def _tell_lost(terminal: Terminal, bar: ProgressBar | None) -> None:
    if bar is not None:
        bar.show_lost()
    elif terminal.as_json:
        terminal.record(event="lost")


def _wants_to_cancel(terminal: Terminal) -> bool:
    """Ask; who cannot answer, or presses Ctrl-C once more, leaves the copy alone."""
    if not sys.stdin.isatty():
        return False
    words = WORDS[terminal.language]
    try:
        sys.stderr.write(printable(words.ask_cancel))
        sys.stderr.flush()
        answer = sys.stdin.readline()
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return False
    if answer.strip().lower() not in CANCEL_WORDS:
        return False
    terminal.note(words.cancelling)
    return True


def _left(terminal: Terminal, copy_id: str) -> ExitCode:
    terminal.note(WORDS[terminal.language].goes_on.format(id=copy_id))
    if terminal.as_json:
        terminal.record(event="left", id=copy_id, exit_code=int(ExitCode.LEFT))
    return ExitCode.LEFT


def _ended(terminal: Terminal, copy: Mapping[str, Any]) -> ExitCode:
    code = exit_code_of_copy(copy)
    if terminal.as_json:
        terminal.record(event="summary", exit_code=int(code), **summary(copy))
    else:
        for line in summary_lines(copy, terminal.language):
            terminal.line(line)
    return code

"""Passwords come from the terminal without echo, from a file or from the standard input; never from an argument."""

import getpass
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from postroom.command_line.exit_codes import CommandError
from postroom.command_line.languages import Language
from postroom.command_line.words import WORDS

STANDARD_INPUT = "-"

PasswordFile = Annotated[
    str | None,
    typer.Option(
        "--password-file",
        metavar="FILE",
        help="Its first line is the password; `-` is the standard input. Without it you are asked.",
        show_default=False,
    ),
]


def take_passwords(logins: Sequence[str], *, file: str | None, language: Language) -> list[str]:
    """Return a password for each of *logins*, in order.

    Args:
        logins: Whose passwords; shown when they are asked for.
        file: With one a line; `-` is the standard input; None asks at the terminal.
        language: Of the questions.

    Raises:
        CommandError: There is no terminal, the file cannot be read, or it has fewer lines.
    """
    words = WORDS[language]
    if file is None and not sys.stdin.isatty():
        raise CommandError(words.no_terminal_for_password)
    found = _asked(logins, language) if file is None else _lines(file, language)[: len(logins)]
    if len(found) < len(logins):
        raise CommandError(words.too_few_passwords.format(wanted=len(logins), found=len(found)))
    if not all(found):
        raise CommandError(words.empty_password)
    return found


def _asked(logins: Sequence[str], language: Language) -> list[str]:
    try:
        return [getpass.getpass(WORDS[language].password_of.format(login=login)) for login in logins]
    except EOFError as error:
        raise CommandError(WORDS[language].empty_password) from error


def _lines(file: str, language: Language) -> list[str]:
    try:
        text = sys.stdin.read() if file == STANDARD_INPUT else Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(WORDS[language].password_file.format(reason=error)) from error
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]

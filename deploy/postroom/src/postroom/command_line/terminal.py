"""What a command has at hand: the suite, the language, where to print; and how its failures reach the person.

with at_terminal(url=url, as_json=as_json, language=language) as terminal:
    for copy in terminal.api.items("/v1/imports"): ...
"""

import json
import os
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import typer

from postroom.command_line.exit_codes import CommandError, ExitCode
from postroom.command_line.languages import Language, language_of
from postroom.command_line.problems import Advices, exit_code_of, in_words
from postroom.command_line.stored_sign_in import (
    StoredSignIn,
    UnreadableSignInError,
    is_open_to_others,
    read_sign_in,
    sign_in_file,
)
from postroom.command_line.suite_url import DEFAULT_URL, BadUrlError, PlainUrlError, suite_url
from postroom.command_line.words import WORDS
from postroom.public_api import ApiProblemError, ApiUnreachableError, PublicApi

TOKEN_VARIABLE = "POSTROOM_TOKEN"  # noqa: S105 - the name of a variable


class Terminal:
    """The surroundings of one command.

    Attributes:
        as_json: Whether it prints JSON lines for a program, not text for a person.
        language: Of the text.
    """

    def __init__(self, *, url: str | None, as_json: bool | None, language: Language | None) -> None:
        self.language = language or language_of()
        self.as_json = not sys.stdout.isatty() if as_json is None else as_json
        self._wanted_url = url

    @property
    def shows_progress(self) -> bool:
        """Whether somebody looks at it: text, on a terminal."""
        return not self.as_json and sys.stdout.isatty()

    @cached_property
    def url(self) -> str:
        """The suite: what was asked for, else where one is signed in, else this machine's.

        Raises:
            CommandError: It is no address, or an unencrypted one.
        """
        words = WORDS[self.language]
        text = self._wanted_url or self._kept_url() or DEFAULT_URL
        try:
            return suite_url(text)
        except BadUrlError as error:
            raise CommandError(words.bad_url.format(url=text)) from error
        except PlainUrlError as error:
            raise CommandError(words.plain_url.format(url=text)) from error

    def _kept_url(self) -> str | None:
        """Return where one is signed in; who has no readable sign-in is told when a token is needed."""
        try:
            return self.kept_sign_in.url if self.kept_sign_in else None
        except CommandError:
            return None

    @cached_property
    def kept_sign_in(self) -> StoredSignIn | None:
        """What `postroom login` kept.

        Raises:
            CommandError: It cannot be read.
        """
        file = sign_in_file()
        try:
            found = read_sign_in(file)
        except UnreadableSignInError as error:
            message = WORDS[self.language].unreadable_sign_in.format(file=file)
            raise CommandError(message, ExitCode.NOT_ALLOWED) from error
        if found is not None and is_open_to_others(file):
            self.note(WORDS[self.language].open_sign_in.format(file=file))
        return found

    @cached_property
    def api(self) -> PublicApi:
        """The suite, with one's API token.

        Raises:
            CommandError: One is not signed in there.
        """
        return PublicApi(self.url, token=self._token())

    def _token(self) -> str:
        words = WORDS[self.language]
        if given := os.environ.get(TOKEN_VARIABLE, "").strip():
            if not given.isascii() or not given.isprintable():
                raise CommandError(words.bad_token, ExitCode.NOT_ALLOWED)
            return given
        kept = self.kept_sign_in
        if kept is None:
            raise CommandError(words.not_signed_in, ExitCode.NOT_ALLOWED)
        if kept.url != self.url:
            message = words.signed_in_elsewhere.format(kept=kept.url, url=self.url)
            raise CommandError(message, ExitCode.NOT_ALLOWED)
        return kept.token

    def line(self, text: str = "") -> None:
        """Print a line of the result."""
        typer.echo(printable(text))

    def record(self, **values: Any) -> None:
        """Print a JSON line of the result, at once."""
        typer.echo(json.dumps(values, ensure_ascii=False))
        sys.stdout.flush()

    def note(self, text: str) -> None:
        """Tell the person something that is no result."""
        typer.echo(printable(f"postroom: {text}"), err=True)

    def close(self) -> None:
        """Close the connections."""
        if "api" in self.__dict__:
            self.api.__exit__()


def printable(text: str) -> str:
    """Return *text* without anything that moves the cursor or colours a terminal: some of it is others' words."""
    return "".join(each if _is_harmless(each) else "\N{REPLACEMENT CHARACTER}" for each in text)


def _is_harmless(character: str) -> bool:
    return character == "\n" or character.isprintable() or unicodedata.category(character) == "Zs"


@contextmanager
def at_terminal(
    *, url: str | None, as_json: bool | None, language: Language | None, advices: Advices | None = None
) -> Iterator[Terminal]:
    """Yield what a command has at hand; tell the person of failures and end with the exit code that fits.

    Args:
        url: As `--url` says.
        as_json: As `--json` or `--text` says.
        language: As `--language` says.
        advices: On the problems of this group.
    """
    terminal = Terminal(url=url, as_json=as_json, language=language)
    try:
        yield terminal
    except CommandError as error:
        raise _ended(terminal, str(error), error.exit_code) from None
    except ApiProblemError as problem:
        text = in_words(problem, advices or {}, terminal.language)
        document = {"type": problem.type, "title": problem.title, "detail": problem.detail, "status": problem.status}
        raise _ended(terminal, text, exit_code_of(problem), document) from None
    except ApiUnreachableError as error:
        text = WORDS[terminal.language].unreachable.format(url=terminal.url, reason=error)
        raise _ended(terminal, text, ExitCode.NOT_NOW) from None
    except KeyboardInterrupt:
        raise _ended(terminal, WORDS[terminal.language].stopped, ExitCode.LEFT) from None
    finally:
        terminal.close()


def _ended(terminal: Terminal, text: str, exit_code: ExitCode, problem: Mapping[str, Any] | None = None) -> typer.Exit:
    terminal.note(text)
    if terminal.as_json:
        terminal.record(event="problem", message=text, exit_code=int(exit_code), problem=problem)
    return typer.Exit(exit_code)

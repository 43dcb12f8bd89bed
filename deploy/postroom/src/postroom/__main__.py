"""`postroom`: the suite on one machine, and the operators' command line."""

import io
import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from postroom.command_line.commands import PostroomCommands
from postroom.command_line.exit_codes import ExitCode
from postroom.command_line.languages import language_of
from postroom.command_line.lazy_commands import plain_typer
from postroom.command_line.words import WORDS

DEBUG_VARIABLE = "POSTROOM_DEBUG"

app = plain_typer(cls=PostroomCommands, epilog="`postroom COMMAND --help` tells more, with examples.")


def _print_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(version("postroom"))
        raise typer.Exit


@app.callback()
def root(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=lambda x: _print_version(wanted=x), is_eager=True
        ),
    ] = False,
) -> None:
    """Run Postroom on this machine, and operate a suite by its API."""


def main() -> None:
    """Run the command line; a fault of ours is one line, and a traceback only where somebody asked for it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app()
    except Exception as error:  # the outermost frame: whatever it was, a person reads one line of it
        if os.environ.get(DEBUG_VARIABLE):
            raise
        told = f"{type(error).__name__}: {error}"
        sys.stderr.write(f"postroom: {WORDS[language_of()].our_fault.format(error=told)}\n")
        sys.exit(ExitCode.OUR_FAULT)


if __name__ == "__main__":
    main()

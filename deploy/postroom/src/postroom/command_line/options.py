"""Options that every command by the API has."""

from typing import Annotated

import typer

from postroom.command_line.languages import Language

Url = Annotated[
    str | None,
    typer.Option("--url", envvar="POSTROOM_URL", show_envvar=True, help="The suite; else the one you signed in to."),
]
AsJson = Annotated[
    bool | None,
    typer.Option(
        "--json/--text",
        help="JSON lines for programs, or text for people. Without either: text on a terminal, else JSON lines.",
        show_default=False,
    ),
]
InLanguage = Annotated[
    Language | None,
    typer.Option("--language", help="Of what is printed; else by LC_ALL, LC_MESSAGES or LANG.", show_default=False),
]

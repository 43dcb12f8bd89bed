"""A command line whose commands are imported when they are used: `postroom --help` imports none of them."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup
from typer.main import get_command
from typing_extensions import override


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandEntry:
    """A command, or a group of commands, before it is imported.

    Attributes:
        target: `module:name` of a function, or of a `typer.Typer` with the commands of a group.
        help: One line for `postroom --help`.
        scopes: Of the API token that `postroom login` makes, so that this command may do its work.
    """

    name: str
    target: str
    help: str
    scopes: tuple[str, ...] = ()

    def load(self) -> Any:
        """Import it and return the command."""
        module, _, name = self.target.partition(":")
        found: typer.Typer | Callable[..., Any] = getattr(importlib.import_module(module), name)
        if isinstance(found, typer.Typer):
            group = found
        else:
            group = plain_typer()
            group.command(self.name)(found)
        return get_command(group)


def plain_typer(**options: Any) -> typer.Typer:
    """Return a `Typer` as all of this program are: help as plain text, tracebacks for nobody."""
    wanted = {"no_args_is_help": True, "rich_markup_mode": None, "add_completion": False, **options}
    return typer.Typer(pretty_exceptions_enable=False, **wanted)


def examples(*lines: str) -> str:
    """Return the `epilog` of a command: *lines* stand in its help as they are."""
    return "\n".join(["\b", *(line or "\n\b" for line in lines)])


class LazyCommands(TyperGroup):
    """The commands of a table, in its sections. Subclasses set `sections`."""

    sections: ClassVar[dict[str, tuple[CommandEntry, ...]]] = {}

    def _entries(self) -> dict[str, CommandEntry]:
        return {entry.name: entry for section in self.sections.values() for entry in section}

    @override
    def list_commands(self, ctx: Any) -> list[str]:
        return list(self._entries())

    @override
    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        entry = self._entries().get(cmd_name)
        return entry.load() if entry else None

    @override
    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        word = args[0]
        close = get_close_matches(word, self._entries())
        if not word.startswith("-") and word not in self._entries():
            ctx.fail(f"There is no command {word!r}." + (f" Did you mean {close[0]!r}?" if close else ""))
        return super().resolve_command(ctx, args)

    @override
    def format_commands(self, ctx: Any, formatter: Any) -> None:
        for title, entries in self.sections.items():
            with formatter.section(title):
                formatter.write_dl([(entry.name, entry.help) for entry in entries])

"""The table of all commands. A new group is one entry here and a package with a `plain_typer()` of its own."""

from typing import ClassVar

from postroom.command_line.lazy_commands import CommandEntry, LazyCommands

ON_THIS_MACHINE = (
    CommandEntry(
        name="up",
        target="postroom.local_commands:up",
        help="Start PostgreSQL, NATS, every installed service and the demo; Ctrl-C stops them.",
    ),
    CommandEntry(
        name="status",
        target="postroom.local_commands:status",
        help="Show each process: number, port, health, restarts, memory, uptime.",
    ),
    CommandEntry(
        name="credentials",
        target="postroom.local_commands:credentials",
        help="Show the sign-ins of the demo, its mailboxes, and its NATS user.",
    ),
)
BY_THE_API = (
    CommandEntry(
        name="login",
        target="postroom.signing_in.commands:login_app",
        help="Sign in to a suite and keep an API token for the commands below.",
        scopes=("directory.read",),
    ),
    CommandEntry(
        name="logout",
        target="postroom.signing_in.commands:logout",
        help="Revoke the kept API token and forget it.",
    ),
    CommandEntry(
        name="import",
        target="postroom.imports.commands:app",
        help="Copy mailboxes: run, list, show, cancel.",
        scopes=("imports.read", "imports.manage"),
    ),
)


class PostroomCommands(LazyCommands):
    """`postroom`."""

    sections: ClassVar[dict[str, tuple[CommandEntry, ...]]] = {
        "On this machine": ON_THIS_MACHINE,
        "By the API of a suite": BY_THE_API,
    }


def token_scopes() -> list[str]:
    """Return the scopes that the commands need together."""
    return sorted({scope for entry in BY_THE_API for scope in entry.scopes})

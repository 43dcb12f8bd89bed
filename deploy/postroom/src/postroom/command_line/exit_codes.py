"""How every command ends. The table stands in the README; scripts rely on it."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of the commands that speak to a suite."""

    DONE = 0
    OUR_FAULT = 1
    """Something went wrong that should not have: a fault of this program, or of the suite."""
    USAGE = 2
    """An option is missing or wrong, or the suite refuses what was asked: a wrong password, an unknown address."""
    NOT_ALLOWED = 3
    """Not signed in, or without the right."""
    NOT_WHOLE = 4
    """It was begun and did not end well: the copy failed, was cancelled, or left messages out."""
    NOT_NOW = 5
    """The suite, or a server it needs, does not answer now; the same command may work later."""
    LEFT = 130
    """Ctrl-C: nobody waits any more; what was begun goes on."""


class CommandError(Exception):
    """A command cannot go on; the message is for the person at the terminal, in their language.

    Args:
        message: What is the matter, and what to do about it.
        exit_code: How the command ends.
    """

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.USAGE) -> None:
        super().__init__(message)
        self.exit_code = exit_code

"""What can go wrong with a local server; each text is one line for the person at the terminal."""

from pathlib import Path


class LocalServerError(Exception):
    """A local server cannot do what was asked; the message says which and why."""


class ServerMissingError(LocalServerError):
    """The program is not installed; the message names what to install."""


class FolderUnreachableError(LocalServerError):
    """The unprivileged account cannot enter a folder it needs."""


class PortInUseError(LocalServerError):
    """Another program already listens on a port we need."""

    def __init__(self, port: int, wanted_by: str) -> None:
        super().__init__(f"Port {port} on 127.0.0.1, needed by {wanted_by}, is in use by another program.")
        self.port = port


class ProcessDiedError(LocalServerError):
    """A process ended before it was ready."""

    def __init__(self, name: str, *, code: int, log_file: Path) -> None:
        super().__init__(f"{name} ended with code {code} before it was ready; its log is {log_file}:\n{tail(log_file)}")
        self.name = name
        self.code = code


class NotReadyError(LocalServerError):
    """A process runs but did not become ready in time."""

    def __init__(self, name: str, *, after_s: float, log_file: Path) -> None:
        super().__init__(f"{name} was not ready after {after_s:g} s; its log is {log_file}:\n{tail(log_file)}")


def tail(log_file: Path, *, lines: int = 12) -> str:
    """Return the last lines of a log, indented; an empty string when there is no log."""
    try:
        text = log_file.read_bytes()[-8192:].decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])

"""The data folder: where everything lives that a start keeps, and the lock that lets one launcher use it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from postroom_shared.localservers.errors import LocalServerError


def default_folder() -> Path:
    """Return where the data goes unless `--data` says otherwise: outside any checkout."""
    if os.geteuid() == 0:
        return Path("/var/lib/postroom")
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "postroom"


class FolderInUseError(LocalServerError):
    """Another launcher runs on the same data."""


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The paths below one data folder."""

    path: Path

    @property
    def secrets(self) -> Path:
        """Generated once; closed to everybody else."""
        return self.path / "secrets"

    @property
    def logs(self) -> Path:
        """One log for each service."""
        return self.path / "logs"

    @property
    def blobs(self) -> Path:
        """Sealed files of the services, a folder for each."""
        return self.path / "blobs"

    @property
    def caught_mail(self) -> Path:
        """What the suite sent out, one `.eml` a message."""
        return self.path / "caught-mail"

    @property
    def state_file(self) -> Path:
        """What runs just now; `postroom status` reads it."""
        return self.path / "state.json"

    @property
    def demo_file(self) -> Path:
        """Written when the demo data is complete: the sign-ins."""
        return self.secrets / "demo.json"

    def create(self) -> None:
        """Make the folders. The top one may be passed through, since PostgreSQL and Dovecot live below it."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o711)
        for each in (self.secrets, self.logs, self.blobs, self.caught_mail):
            each.mkdir(exist_ok=True)
            each.chmod(0o700)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other launchers out; the kernel gives the lock back however this process ends.

        Raises:
            FolderInUseError: A launcher holds it; the message names its process.
        """
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                holder = os.pread(descriptor, 20, 0).decode() or "?"
                raise FolderInUseError(
                    f"Another `postroom up` (process {holder}) already runs on {self.path}. "
                    "Stop it, or choose another folder with --data."
                ) from error
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            yield
        finally:
            os.close(descriptor)

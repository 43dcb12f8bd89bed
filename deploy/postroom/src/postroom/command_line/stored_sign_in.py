"""The API token that `postroom login` keeps, in a file that only its owner can read."""

import json
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredSignIn:
    """One sign-in.

    Attributes:
        url: Of the suite; the token is sent nowhere else.
        token_id: By which it is revoked.
        organisation: Name of the one it acts in.
        expires_at: RFC 3339.
    """

    url: str
    token: str
    token_id: str
    email: str
    organisation: str
    expires_at: str


class UnreadableSignInError(Exception):
    """The file is there and cannot be read."""


def sign_in_file(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where the sign-in is kept (XDG Base Directory Specification 0.8)."""
    base = environment.get("XDG_CONFIG_HOME", "")
    folder = Path(base) if Path(base).is_absolute() else Path.home() / ".config"
    return folder / "postroom" / "sign-in.json"


def read_sign_in(file: Path) -> StoredSignIn | None:
    """Return what is kept, None when nothing is.

    Raises:
        UnreadableSignInError: Something else than a sign-in is there.
    """
    try:
        return StoredSignIn(**json.loads(file.read_text()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise UnreadableSignInError(str(file)) from error


def write_sign_in(file: Path, sign_in: StoredSignIn) -> None:
    """Keep *sign_in* in place of any other; the file is replaced in one step, by two commands at once as well."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # closed to others
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(json.dumps(asdict(sign_in), indent=2) + "\n")
        Path(draft).replace(file)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def is_open_to_others(file: Path) -> bool:
    """Tell whether somebody else than its owner may read the file."""
    return bool(file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def forget_sign_in(file: Path) -> None:
    """Remove what is kept."""
    file.unlink(missing_ok=True)

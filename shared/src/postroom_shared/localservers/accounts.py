"""The unprivileged account that PostgreSQL, NATS and Dovecot run as when the launcher is root.

Accounts of the operating system are used, never created.
"""

import grp
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from postroom_shared.localservers.errors import FolderUnreachableError, LocalServerError

CANDIDATES = ("postroom", "nobody")


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """An account of the operating system and its primary group."""

    name: str
    uid: int
    group: str
    gid: int

    @classmethod
    def named(cls, name: str) -> "Account":
        """Look *name* up; raises `LocalServerError` when there is none or it is root."""
        try:
            found = pwd.getpwnam(name)
        except KeyError as error:
            raise LocalServerError(f"There is no account {name!r} on this machine.") from error
        if found.pw_uid == 0:
            raise LocalServerError("PostgreSQL and Dovecot do not run as root; name another account.")
        return cls._of(found)

    @classmethod
    def own(cls) -> "Account":
        """Return the account this process runs as."""
        return cls._of(pwd.getpwuid(os.geteuid()))

    @classmethod
    def _of(cls, entry: pwd.struct_passwd) -> "Account":
        group = grp.getgrgid(entry.pw_gid).gr_name
        return cls(name=entry.pw_name, uid=entry.pw_uid, group=group, gid=entry.pw_gid)


def unprivileged_account(name: str | None = None) -> Account | None:
    """Return the account that servers drop to, or None when this process is not root and needs none.

    Args:
        name: An existing account; without it `postroom`, then `nobody`.

    Raises:
        LocalServerError: No such account.
    """
    if os.geteuid() != 0:
        return None
    if name is not None:
        return Account.named(name)
    for candidate in CANDIDATES:
        try:
            return Account.named(candidate)
        except LocalServerError:
            continue
    raise LocalServerError(f"None of the accounts {', '.join(CANDIDATES)} exists; name one with --account.")


def make_folder(folder: Path, account: Account | None) -> Path:
    """Create *folder* (0700) with its parents and hand it to *account*; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    return folder


def write_private(file: Path, content: str | bytes, account: Account | None) -> Path:
    """Replace *file* with *content* in one step, readable by *account* alone; return it."""
    data = content.encode() if isinstance(content, str) else content
    draft = file.with_name(f".{file.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
    if account is not None:
        os.chown(draft, account.uid, account.gid)
    draft.replace(file)
    return file


def can_enter(path: Path, account: Account) -> bool:
    """Tell whether *account* can pass every folder above *path* and read *path* itself."""
    resolved = path.resolve()
    wanted = stat.S_IROTH | (stat.S_IXOTH if resolved.is_dir() or os.access(resolved, os.X_OK) else 0)
    return _allows(resolved, account, wanted) and all(_allows(p, account, stat.S_IXOTH) for p in resolved.parents)


def _allows(path: Path, account: Account, wanted: int) -> bool:
    found = path.stat()
    if found.st_uid == account.uid:
        wanted <<= 6
    elif found.st_gid == account.gid:
        wanted <<= 3
    return found.st_mode & wanted == wanted


def require_passage(folder: Path, account: Account | None) -> None:
    """Raise `FolderUnreachableError` unless *account* can pass every folder above *folder*."""
    if account is None:
        return
    for parent in folder.resolve().parents:
        if parent.exists() and not _allows(parent, account, stat.S_IXOTH):
            raise FolderUnreachableError(
                f"The account {account.name} cannot enter {parent}, so its servers cannot use {folder}. "
                "Choose another data folder."
            )


def reachable_copy(source: Path, account: Account | None, *, into: Path) -> Path:
    """Return *source* (a file or a folder), or a copy of it below *into* when *account* cannot reach it.

    A virtual environment below root's home is such a place. The copy is made once for each state of the source.
    """
    if account is None or can_enter(source, account):
        return source
    found = source.stat()
    target = into / f"{found.st_mtime_ns:x}-{found.st_size:x}" / source.name
    if not target.exists():
        draft = into / f".{os.getpid()}-{source.name}"
        draft.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, draft, symlinks=True)
        else:
            shutil.copy2(source, draft)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.replace(target)
    return target

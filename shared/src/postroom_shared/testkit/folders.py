"""Folders that the unprivileged account of the servers can use; pytest's own `tmp_path` is closed to it."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from postroom_shared.localservers.accounts import make_folder, unprivileged_account


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a new folder with a short path, owned by the account the servers run as; remove it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="postroom-test-"))
    make_folder(folder, unprivileged_account())
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)

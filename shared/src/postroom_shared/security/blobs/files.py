"""The files themselves. Everything here blocks; `postroom_shared.security.blobs.store` calls it in threads."""

import hashlib
import os
import re
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from postroom_shared.security.blobs.errors import BlobDamagedError
from postroom_shared.security.blobs.framing import FRAME_SIZE_BYTES, MAGIC, Frames, chunks_of

_FILE_NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BLOCK_SIZE_BYTES = 4 * FRAME_SIZE_BYTES


class BlobFolder:
    """The folder of one service: `<last two digits of the id>/<id>`, and `unfinished/` on the same disk.

    Args:
        path: Created when missing, for its owner only.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def place_of(self, blob_id: UUID) -> Path:
        """Return where the file is, or will be."""
        return self._path / blob_id.hex[-2:] / str(blob_id)

    def unfinished_place_of(self, blob_id: UUID) -> Path:
        """Return where the file is while it is written."""
        return self._path / "unfinished" / str(blob_id)

    def remove(self, blob_ids: Iterable[UUID]) -> None:
        """Remove files; those that are not there count as removed."""
        for blob_id in blob_ids:
            self.place_of(blob_id).unlink(missing_ok=True)

    def remove_unfinished(self, *, age: timedelta) -> int:
        """Remove what was begun longer than *age* ago and never finished; return how many files."""
        old = list(_older_than(self._path / "unfinished", age))
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def subfolders(self) -> list[Path]:
        """Return the folders that hold finished files."""
        with suppress(FileNotFoundError):
            return [path for path in self._path.iterdir() if len(path.name) == 2]
        return []

    def ids_in(self, subfolder: Path, *, age: timedelta) -> set[UUID]:
        """Return the sealed files in a subfolder that are older than *age*; files with other names are left alone."""
        return {UUID(path.name) for path in _older_than(subfolder, age) if _FILE_NAME.fullmatch(path.name)}


class SealedFileWriter:
    """Writes one file, frame by frame; it appears under its name when it is complete and on the disk, or never.

    Its methods may be called from any thread.
    """

    def __init__(self, folder: BlobFolder, frames: Frames, *, blob_id: UUID) -> None:
        self._frames = frames
        self._sha256 = hashlib.sha256()
        self._unfinished, self._place = folder.unfinished_place_of(blob_id), folder.place_of(blob_id)
        self._unfinished.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = open(  # noqa: SIM115 - closed by finish or discard
            os.open(self._unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0
        )
        # A cancelled request discards the file while a thread may still be writing to it
        self._lock = threading.Lock()
        self._beginning = MAGIC

    def write(self, content: bytes) -> None:
        """Write full chunks, none of them the last."""
        with self._lock:
            for chunk in chunks_of(content):
                self._put(self._frames.seal(chunk))

    def finish(self, last_chunk: bytes) -> bytes:
        """Write the last chunk, wait for the disk, give the file its name; return the SHA-256 of the file."""
        with self._lock:
            self._put(self._frames.seal_last(last_chunk))
            os.fsync(self._file.fileno())
            self._file.close()
            self._unfinished.rename(self._place)
            _sync_folder(self._place.parent)
            return self._sha256.digest()

    def discard(self) -> None:
        """Remove the file, unless it is finished."""
        with self._lock:
            self._file.close()
            self._unfinished.unlink(missing_ok=True)

    def _put(self, frame: bytes) -> None:
        piece, self._beginning = self._beginning + frame, b""
        self._sha256.update(piece)
        view = memoryview(piece)
        while view:  # a disk that fills up takes a part, and fails at the rest
            view = view[self._file.write(view) :]


class SealedFileReader:
    """Reads one file from its beginning to its end. Its methods may be called from any thread.

    Raises:
        BlobDamagedError: There is no such file, or it does not begin like one.
    """

    def __init__(self, path: Path, frames: Frames) -> None:
        self._frames = frames
        self._lock = threading.Lock()  # a cancelled request closes the file while a thread may still be reading it
        try:
            self._file = path.open("rb", buffering=0)
        except FileNotFoundError:
            raise BlobDamagedError("a sealed file is missing") from None
        self._ahead = _read_exactly(self._file, len(MAGIC) + _BLOCK_SIZE_BYTES)
        if not self._ahead.startswith(MAGIC):
            self._file.close()
            raise BlobDamagedError("a sealed file has no beginning")
        self._ahead = self._ahead[len(MAGIC) :]
        self._ended = False

    def read(self) -> list[bytes]:
        """Return the next chunks, each verified; after the last one, nothing.

        Raises:
            BlobDamagedError: The file is not as it was written.
        """
        with self._lock:
            if self._ended:
                return []
            block, self._ahead = self._ahead, _read_exactly(self._file, _BLOCK_SIZE_BYTES)
            if self._ahead:
                return [self._frames.open(frame) for frame in _frames_in(block)]
            self._ended = True
            *others, last = _frames_in(block) or [b""]
            return [*map(self._frames.open, others), self._frames.open_last(last)]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()


def _read_exactly(file: BinaryIO, size_bytes: int) -> bytes:
    """Return that many bytes, fewer only at the end of the file."""
    pieces: list[bytes] = []
    while size_bytes > 0 and (piece := file.read(size_bytes)):
        pieces.append(piece)
        size_bytes -= len(piece)
    return b"".join(pieces)


def _frames_in(block: bytes) -> list[bytes]:
    return [block[start : start + FRAME_SIZE_BYTES] for start in range(0, len(block), FRAME_SIZE_BYTES)]


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _older_than(folder: Path, age: timedelta) -> Iterator[Path]:
    newest = time.time() - age.total_seconds()
    with suppress(FileNotFoundError):
        for path in folder.iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < newest:
                    yield path

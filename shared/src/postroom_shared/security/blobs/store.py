"""Sealed files for bytes that are neither rows nor events: uploads, exports, attachments.

They lie in one directory, which several processes and, over a shared file system, several machines may use. An
S3-compatible store is not supported yet.
"""

import asyncio
import errno
from collections.abc import AsyncGenerator, AsyncIterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_shared.security.blobs.errors import BlobGoneError, BlobTooLargeError, StorageFullError
from postroom_shared.security.blobs.files import BlobFolder, SealedFileReader, SealedFileWriter
from postroom_shared.security.blobs.framing import CHUNK_SIZE_BYTES, Frames
from postroom_shared.security.repository import BlobRecord, BlobRecords, require_sight_of_everything
from postroom_shared.security.sealing import Vault
from postroom_shared.security.sealing.envelope import SealContext, new_data_key
from postroom_shared.values import uuid7

ORPHAN_AGE = timedelta(hours=24)
SWEEP_BATCH = 500
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedBlob:
    """A complete file that no row names yet: `Blobs.keep` it, or the sweep removes it."""

    id: UUID
    organisation_id: UUID
    size_bytes: int
    sha256: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SealedBlob:
    """A file that can be read.

    Attributes:
        record: What is known of it.
    """

    record: BlobRecord
    _path: Path
    _key: bytes = field(repr=False)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the content, 64 KiB at a time; close the transaction first.

        Raises:
            BlobDamagedError: The file is not as it was written. What was yielded before is right, but it is not all.
        """
        frames = Frames(self._key, organisation_id=self.record.organisation_id, blob_id=self.record.id)
        reader = await asyncio.to_thread(SealedFileReader, self._path, frames)
        try:
            while chunks := await asyncio.to_thread(reader.read):
                for chunk in chunks:
                    yield chunk
        finally:
            await asyncio.to_thread(reader.close)


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What one sweep removed."""

    expired: int
    orphaned: int


class Blobs:
    """Write, read and remove sealed files. One per process.

    A file is written outside any transaction (`stage`) and then given its row in the caller's (`keep`), so that no
    database connection waits for an upload. Deleting takes the row, and with it the key of the content, at the commit;
    the sweep removes the file later.

    Args:
        directory: The setting `blob_directory`; each service gets a folder of its own in it.
        vault: Seals the key of each file under its organisation's key: `Vault.shred` makes the files unreadable too.
        service: `ServiceManifest.schema`. Two services must not share one, since each would sweep the other's files.
    """

    def __init__(self, directory: Path, vault: Vault, *, service: str) -> None:
        self._folder = BlobFolder(directory / service)
        self._vault = vault

    async def stage(self, organisation_id: UUID, content: AsyncIterable[bytes], *, limit_bytes: int) -> StagedBlob:
        """Write *content* to a sealed file, in pieces of any size, and wait until it is on the disk.

        Raises:
            BlobTooLargeError: The content is longer than *limit_bytes*.
            StorageFullError: The disk is full.
        """
        blob_id, key = uuid7(), new_data_key()
        frames = Frames(key, organisation_id=organisation_id, blob_id=blob_id)
        with _room():
            writer = await asyncio.to_thread(SealedFileWriter, self._folder, frames, blob_id=blob_id)
        try:
            size_bytes, sha256 = await _write(writer, content, limit_bytes)
        finally:
            await asyncio.to_thread(writer.discard)
        return StagedBlob(id=blob_id, organisation_id=organisation_id, size_bytes=size_bytes, sha256=sha256, key=key)

    async def keep(
        self, session: AsyncSession, staged: StagedBlob, *, purpose: str, expires_at: datetime | None
    ) -> BlobRecord:
        """Give a staged file its row; it exists from the commit on. Do so within `ORPHAN_AGE`."""
        context = _context(staged.id)
        wrapped_key = await self._vault.seal(session, staged.organisation_id, context=context, plaintext=staged.key)
        record = BlobRecord(
            id=staged.id,
            organisation_id=staged.organisation_id,
            purpose=purpose,
            size_bytes=staged.size_bytes,
            sha256=staged.sha256,
            wrapped_key=wrapped_key,
            expires_at=expires_at,
        )
        await BlobRecords(session).add(record)
        return record

    async def open(self, session: AsyncSession, organisation_id: UUID, blob_id: UUID) -> SealedBlob:
        """Return a file to read from.

        Raises:
            BlobGoneError: There is none, it expired, or it is another organisation's.
            SealBrokenError: The organisation's key was destroyed.
        """
        record = await BlobRecords(session).find(organisation_id, blob_id)
        if record is None:
            raise BlobGoneError
        key = await self._vault.unseal(session, organisation_id, context=_context(blob_id), sealed=record.wrapped_key)
        return SealedBlob(record, self._folder.place_of(blob_id), key)

    async def delete(self, session: AsyncSession, organisation_id: UUID, blob_id: UUID) -> bool:
        """Make a file unreadable with the commit; return whether there was one."""
        return await BlobRecords(session).delete(organisation_id, blob_id)

    async def delete_all(self, session: AsyncSession, organisation_id: UUID) -> int:
        """Make all files of an organisation unreadable with the commit; return how many there were."""
        return await BlobRecords(session).delete_all(organisation_id)

    async def sweep(
        self, session: AsyncSession, *, limit: int = SWEEP_BATCH, orphan_age: timedelta = ORPHAN_AGE
    ) -> SweepReport:
        """Remove up to *limit* expired files, and every file that has had no row for *orphan_age*.

        Raises:
            RuntimeError: The transaction does not see all organisations, so it would take living files for orphans.
        """
        await require_sight_of_everything(session)
        records = BlobRecords(session)
        expired = await records.delete_expired(limit=limit)
        # before the commit, on purpose: should it fail, the rows are expired all the same and fall in the next sweep
        await asyncio.to_thread(self._folder.remove, expired)
        orphaned = await asyncio.to_thread(self._folder.remove_unfinished, age=orphan_age)
        for subfolder in await asyncio.to_thread(self._folder.subfolders):
            present = await asyncio.to_thread(self._folder.ids_in, subfolder, age=orphan_age)
            orphans = present - await records.known(present)
            await asyncio.to_thread(self._folder.remove, orphans)
            orphaned += len(orphans)
        return SweepReport(expired=len(expired), orphaned=orphaned)


async def _write(writer: SealedFileWriter, content: AsyncIterable[bytes], limit_bytes: int) -> tuple[int, bytes]:
    """Write everything; return the size of the content and the SHA-256 of the file."""
    size_bytes, waiting = 0, bytearray()
    async for piece in content:
        size_bytes += len(piece)
        if size_bytes > limit_bytes:
            raise BlobTooLargeError(extra={"limit_bytes": limit_bytes})
        waiting += piece
        # what may be the last chunk stays behind
        if full_bytes := max(len(waiting) - 1, 0) // CHUNK_SIZE_BYTES * CHUNK_SIZE_BYTES:
            with _room():
                await asyncio.to_thread(writer.write, bytes(waiting[:full_bytes]))
            del waiting[:full_bytes]
    with _room():
        return size_bytes, await asyncio.to_thread(writer.finish, bytes(waiting))


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageFullError from error
        raise


def _context(blob_id: UUID) -> SealContext:
    return ("blob", blob_id, "wrapped_key")

"""Sealed files on a real disk, with their rows in a real database."""

import asyncio
import hashlib
import os
import resource
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_shared.security.blobs import (
    BlobDamagedError,
    BlobGoneError,
    BlobRecord,
    Blobs,
    BlobTooLargeError,
    StorageFullError,
    SweepReport,
)
from postroom_shared.security.blobs.framing import CHUNK_SIZE_BYTES, FRAME_SIZE_BYTES, MAGIC
from postroom_shared.security.sealing import Keyring, SealBrokenError, Vault

Transaction: TypeAlias = Callable[[UUID | None], AbstractAsyncContextManager[AsyncSession]]

MIB = 1024 * 1024
NOW = timedelta(0)


@pytest.fixture
def vault() -> Vault:
    return Vault(Keyring("k1", {"k1": bytes(range(32))}))


@pytest.fixture
def blobs(tmp_path: Path, vault: Vault) -> Blobs:
    return Blobs(tmp_path, vault, service="sealing")


@pytest.fixture
def organisation_id() -> UUID:
    return uuid4()


async def pieces(content: bytes, size_bytes: int = 10_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size_bytes):
        yield content[start : start + size_bytes]


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def keep(
    transaction: Transaction,
    blobs: Blobs,
    organisation_id: UUID,
    content: bytes = b"content",
    *,
    expires_at: datetime | None = None,
) -> BlobRecord:
    staged = await blobs.stage(organisation_id, pieces(content), limit_bytes=10 * MIB)
    async with transaction(organisation_id) as session:
        return await blobs.keep(session, staged, purpose="test", expires_at=expires_at)


async def read(transaction: Transaction, blobs: Blobs, organisation_id: UUID, blob_id: UUID) -> bytes:
    async with transaction(organisation_id) as session:
        blob = await blobs.open(session, organisation_id, blob_id)
    return b"".join([chunk async for chunk in blob.chunks()])


@pytest.mark.parametrize(
    "size_bytes",
    [
        0,
        1,
        CHUNK_SIZE_BYTES - 1,
        CHUNK_SIZE_BYTES,
        CHUNK_SIZE_BYTES + 1,
        4 * CHUNK_SIZE_BYTES,
        4 * CHUNK_SIZE_BYTES + 1,
        9 * CHUNK_SIZE_BYTES - 3,
    ],
)
async def test_what_was_written_is_read(
    transaction: Transaction, blobs: Blobs, tmp_path: Path, organisation_id: UUID, size_bytes: int
):
    content = os.urandom(size_bytes)

    record = await keep(transaction, blobs, organisation_id, content)

    assert await read(transaction, blobs, organisation_id, record.id) == content
    [file] = files_in(tmp_path)
    assert record.size_bytes == size_bytes
    assert record.sha256 == hashlib.sha256(file.read_bytes()).digest()
    assert file.stat().st_mode & 0o777 == 0o600


@given(content=st.lists(st.binary(max_size=300) | st.integers(0, 200_000).map(bytes), max_size=8))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_pieces_of_any_size_make_one_file(transaction: Transaction, blobs: Blobs, content: list[bytes]):
    async def given_pieces() -> AsyncIterator[bytes]:
        for piece in content:
            yield piece

    owner_id = uuid4()
    staged = await blobs.stage(owner_id, given_pieces(), limit_bytes=10 * MIB)
    async with transaction(owner_id) as session:
        await blobs.keep(session, staged, purpose="test", expires_at=None)

    assert staged.size_bytes == sum(map(len, content))
    assert await read(transaction, blobs, owner_id, staged.id) == b"".join(content)


async def test_the_content_does_not_lie_on_the_disk(
    transaction: Transaction, blobs: Blobs, tmp_path: Path, organisation_id: UUID
):
    await keep(transaction, blobs, organisation_id, b"very secret " * 20_000)

    [file] = files_in(tmp_path)

    assert b"very secret" not in file.read_bytes()


async def test_a_staged_file_shows_no_key(blobs: Blobs, organisation_id: UUID):
    staged = await blobs.stage(organisation_id, pieces(b"content"), limit_bytes=MIB)

    assert "key" not in f"{staged!r}"


def cut_a_frame(content: bytes) -> bytes:
    return content[: len(MAGIC) + 2 * FRAME_SIZE_BYTES]


def cut_inside_a_frame(content: bytes) -> bytes:
    return content[:-1]


def keep_only_the_beginning(_content: bytes) -> bytes:
    return MAGIC


def keep_nothing(_content: bytes) -> bytes:
    return b""


def exchange_frames(content: bytes) -> bytes:
    body = content[len(MAGIC) :]
    return (
        MAGIC + body[FRAME_SIZE_BYTES : 2 * FRAME_SIZE_BYTES] + body[:FRAME_SIZE_BYTES] + body[2 * FRAME_SIZE_BYTES :]
    )


def repeat_the_last_frame(content: bytes) -> bytes:
    return content + content[len(MAGIC) + 2 * FRAME_SIZE_BYTES :]


def append_a_frame(content: bytes) -> bytes:
    return content + content[len(MAGIC) : len(MAGIC) + FRAME_SIZE_BYTES]


def change_an_octet(content: bytes) -> bytes:
    return content[:70_000] + bytes([content[70_000] ^ 1]) + content[70_001:]


@pytest.mark.parametrize(
    "damage",
    [
        cut_a_frame,
        cut_inside_a_frame,
        keep_only_the_beginning,
        keep_nothing,
        exchange_frames,
        repeat_the_last_frame,
        append_a_frame,
        change_an_octet,
    ],
)
async def test_damage_is_noticed(
    transaction: Transaction,
    blobs: Blobs,
    tmp_path: Path,
    organisation_id: UUID,
    damage: Callable[[bytes], bytes],
):
    record = await keep(transaction, blobs, organisation_id, os.urandom(3 * CHUNK_SIZE_BYTES))
    [file] = files_in(tmp_path)
    file.write_bytes(damage(file.read_bytes()))

    with pytest.raises(BlobDamagedError):
        await read(transaction, blobs, organisation_id, record.id)


async def test_a_missing_file_is_noticed(transaction: Transaction, blobs: Blobs, tmp_path: Path, organisation_id: UUID):
    record = await keep(transaction, blobs, organisation_id)
    [file] = files_in(tmp_path)
    file.unlink()

    with pytest.raises(BlobDamagedError):
        await read(transaction, blobs, organisation_id, record.id)


async def test_two_files_exchanged_on_the_disk_are_noticed(
    transaction: Transaction, blobs: Blobs, tmp_path: Path, organisation_id: UUID
):
    one = await keep(transaction, blobs, organisation_id)
    await keep(transaction, blobs, organisation_id)
    first, second = files_in(tmp_path)
    first.rename(tmp_path / "aside")
    second.rename(first)
    (tmp_path / "aside").rename(second)

    with pytest.raises(BlobDamagedError):
        await read(transaction, blobs, organisation_id, one.id)


async def test_a_file_that_is_too_large_leaves_nothing(blobs: Blobs, tmp_path: Path, organisation_id: UUID):
    with pytest.raises(BlobTooLargeError) as caught:
        await blobs.stage(organisation_id, pieces(bytes(200_001)), limit_bytes=200_000)

    assert caught.value.extra == {"limit_bytes": 200_000}
    assert files_in(tmp_path) == []


async def test_a_file_may_be_as_large_as_the_limit(blobs: Blobs, organisation_id: UUID):
    staged = await blobs.stage(organisation_id, pieces(bytes(200_000)), limit_bytes=200_000)

    assert staged.size_bytes == 200_000


@contextmanager
def room_for(size_bytes: int) -> Iterator[None]:
    """Let this process write no file beyond *size_bytes*: the kernel then fails as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size_bytes", [0, 100_000, 200_000])
async def test_a_full_disk_is_told_and_leaves_nothing(
    blobs: Blobs, tmp_path: Path, organisation_id: UUID, size_bytes: int
):
    with room_for(size_bytes), pytest.raises(StorageFullError):
        await blobs.stage(organisation_id, pieces(bytes(250_000)), limit_bytes=MIB)

    assert files_in(tmp_path) == []


async def test_an_upload_that_breaks_off_leaves_nothing(blobs: Blobs, tmp_path: Path, organisation_id: UUID):
    async def broken() -> AsyncIterator[bytes]:
        yield bytes(100_000)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await blobs.stage(organisation_id, broken(), limit_bytes=MIB)

    assert files_in(tmp_path) == []


async def test_a_cancelled_upload_leaves_nothing(blobs: Blobs, tmp_path: Path, organisation_id: UUID):
    begun = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield bytes(100_000)
        begun.set()
        await asyncio.Event().wait()

    upload = asyncio.create_task(blobs.stage(organisation_id, endless(), limit_bytes=MIB))
    await begun.wait()
    unfinished = files_in(tmp_path)
    upload.cancel()

    with pytest.raises(asyncio.CancelledError):
        await upload
    assert len(unfinished) == 1
    assert files_in(tmp_path) == []


async def test_reading_may_stop_early(transaction: Transaction, blobs: Blobs, organisation_id: UUID):
    record = await keep(transaction, blobs, organisation_id, bytes(9 * CHUNK_SIZE_BYTES))
    async with transaction(organisation_id) as session:
        blob = await blobs.open(session, organisation_id, record.id)

    chunks = blob.chunks()
    first = await anext(chunks)
    await chunks.aclose()

    assert first == bytes(CHUNK_SIZE_BYTES)


async def test_two_read_one_file_at_once(transaction: Transaction, blobs: Blobs, organisation_id: UUID):
    content = os.urandom(5 * CHUNK_SIZE_BYTES)
    record = await keep(transaction, blobs, organisation_id, content)

    found = await asyncio.gather(*(read(transaction, blobs, organisation_id, record.id) for _ in range(2)))

    assert found == [content, content]


async def test_a_file_is_found_by_its_organisation_only(transaction: Transaction, blobs: Blobs, organisation_id: UUID):
    record = await keep(transaction, blobs, organisation_id)

    for seen in (uuid4(), None):
        async with transaction(seen) as session:
            with pytest.raises(BlobGoneError):
                await blobs.open(session, uuid4(), record.id)
            assert await blobs.delete(session, uuid4(), record.id) is False
    assert await read(transaction, blobs, organisation_id, record.id) == b"content"


async def test_the_database_hides_a_file_from_other_organisations(
    transaction: Transaction, blobs: Blobs, organisation_id: UUID
):
    record = await keep(transaction, blobs, organisation_id)

    async with transaction(uuid4()) as session:
        with pytest.raises(BlobGoneError):
            await blobs.open(session, organisation_id, record.id)
        assert await blobs.delete(session, organisation_id, record.id) is False


async def test_an_expired_file_is_refused_and_swept(
    transaction: Transaction, blobs: Blobs, tmp_path: Path, organisation_id: UUID
):
    past, future = (datetime.now(UTC) + timedelta(minutes=minutes) for minutes in (-1, 1))
    expired = await keep(transaction, blobs, organisation_id, expires_at=past)
    alive = await keep(transaction, blobs, organisation_id, expires_at=future)

    with pytest.raises(BlobGoneError):
        await read(transaction, blobs, organisation_id, expired.id)
    async with transaction(None) as session:
        report = await blobs.sweep(session)

    assert report == SweepReport(expired=1, orphaned=0)
    assert await read(transaction, blobs, organisation_id, alive.id) == b"content"
    assert [file.name for file in files_in(tmp_path)] == [str(alive.id)]


async def test_a_sweep_takes_no_more_than_its_share(transaction: Transaction, blobs: Blobs, organisation_id: UUID):
    past = datetime.now(UTC) - timedelta(minutes=1)
    for _ in range(3):
        await keep(transaction, blobs, organisation_id, expires_at=past)

    reports = []
    for _ in range(3):
        async with transaction(None) as session:
            reports.append((await blobs.sweep(session, limit=2)).expired)

    assert reports == [2, 1, 0]


async def test_a_deleted_file_cannot_be_read_and_is_swept(
    transaction: Transaction, blobs: Blobs, tmp_path: Path, organisation_id: UUID
):
    record = await keep(transaction, blobs, organisation_id)
    async with transaction(organisation_id) as session:
        deleted = [await blobs.delete(session, organisation_id, record.id) for _ in range(2)]

    with pytest.raises(BlobGoneError):
        await read(transaction, blobs, organisation_id, record.id)
    async with transaction(None) as session:
        report = await blobs.sweep(session, orphan_age=NOW)

    assert deleted == [True, False]
    assert report == SweepReport(expired=0, orphaned=1)
    assert files_in(tmp_path) == []


async def test_deleting_is_undone_with_its_transaction(transaction: Transaction, blobs: Blobs, organisation_id: UUID):
    record = await keep(transaction, blobs, organisation_id)

    with suppress(ZeroDivisionError):
        async with transaction(organisation_id) as session:
            await blobs.delete(session, organisation_id, record.id)
            raise ZeroDivisionError

    assert await read(transaction, blobs, organisation_id, record.id) == b"content"


async def test_files_without_a_row_are_swept_when_they_are_old(
    transaction: Transaction, blobs: Blobs, tmp_path: Path, organisation_id: UUID
):
    kept = await keep(transaction, blobs, organisation_id)
    await blobs.stage(organisation_id, pieces(b"never kept"), limit_bytes=MIB)
    (tmp_path / "sealing" / "unfinished" / str(uuid4())).touch()
    foreign = tmp_path / "sealing" / "ab" / "README"
    foreign.parent.mkdir(exist_ok=True)
    foreign.touch()

    async with transaction(None) as session:
        young = await blobs.sweep(session)
        old = await blobs.sweep(session, orphan_age=NOW)

    assert young == SweepReport(expired=0, orphaned=0)
    assert old == SweepReport(expired=0, orphaned=2)
    assert {file.name for file in files_in(tmp_path)} == {str(kept.id), "README"}


async def test_a_sweep_before_the_first_file_finds_nothing(transaction: Transaction, blobs: Blobs):
    async with transaction(None) as session:
        assert await blobs.sweep(session) == SweepReport(expired=0, orphaned=0)


async def test_a_sweep_that_does_not_see_all_rows_is_refused(
    transaction: Transaction, blobs: Blobs, tmp_path: Path, organisation_id: UUID
):
    await keep(transaction, blobs, organisation_id)

    async with transaction(uuid4()) as session:
        with pytest.raises(RuntimeError, match="SystemPrincipal"):
            await blobs.sweep(session, orphan_age=NOW)

    assert len(files_in(tmp_path)) == 1


async def test_services_do_not_sweep_each_others_files(
    transaction: Transaction, vault: Vault, tmp_path: Path, organisation_id: UUID
):
    other = Blobs(tmp_path, vault, service="other")
    await other.stage(organisation_id, pieces(b"theirs"), limit_bytes=MIB)

    async with transaction(None) as session:
        report = await Blobs(tmp_path, vault, service="sealing").sweep(session, orphan_age=NOW)

    assert report.orphaned == 0
    assert len(files_in(tmp_path)) == 1


async def test_all_files_of_an_organisation_go_at_once(transaction: Transaction, blobs: Blobs, organisation_id: UUID):
    other_id = uuid4()
    others = await keep(transaction, blobs, other_id)
    records = [await keep(transaction, blobs, organisation_id) for _ in range(3)]

    async with transaction(organisation_id) as session:
        deleted = await blobs.delete_all(session, organisation_id)

    assert deleted == 3
    for record in records:
        with pytest.raises(BlobGoneError):
            await read(transaction, blobs, organisation_id, record.id)
    assert await read(transaction, blobs, other_id, others.id) == b"content"


async def test_destroying_the_key_of_an_organisation_makes_its_files_unreadable(
    transaction: Transaction, blobs: Blobs, vault: Vault, organisation_id: UUID
):
    record = await keep(transaction, blobs, organisation_id)
    async with transaction(organisation_id) as session:
        await vault.shred(session, organisation_id)

    with pytest.raises(SealBrokenError):
        await read(transaction, blobs, organisation_id, record.id)

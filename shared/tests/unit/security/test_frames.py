from uuid import uuid4

import pytest

from postroom_shared.security.blobs import BlobDamagedError
from postroom_shared.security.blobs.framing import CHUNK_SIZE_BYTES, TAG_SIZE_BYTES, Frames, chunks_of

KEY = bytes(range(32))
ORGANISATION, BLOB = uuid4(), uuid4()


def frames(key: bytes = KEY) -> Frames:
    return Frames(key, organisation_id=ORGANISATION, blob_id=BLOB)


def test_frames_open_in_the_order_they_were_sealed():
    writing, reading = frames(), frames()

    sealed = [writing.seal(b"one"), writing.seal(b"two"), writing.seal_last(b"")]

    assert [reading.open(sealed[0]), reading.open(sealed[1]), reading.open_last(sealed[2])] == [b"one", b"two", b""]


def test_the_order_of_frames_matters():
    writing, reading = frames(), frames()
    _, second = writing.seal(b"one"), writing.seal(b"two")

    with pytest.raises(BlobDamagedError):
        reading.open(second)


def test_a_frame_that_is_not_the_last_does_not_end_a_file():
    with pytest.raises(BlobDamagedError):
        frames().open_last(frames().seal(b"one"))


def test_the_last_frame_does_not_stand_in_the_middle():
    with pytest.raises(BlobDamagedError):
        frames().open(frames().seal_last(b"one"))


@pytest.mark.parametrize(
    "other",
    [
        frames(bytes(32)),
        Frames(KEY, organisation_id=uuid4(), blob_id=BLOB),
        Frames(KEY, organisation_id=ORGANISATION, blob_id=uuid4()),
    ],
    ids=["key", "organisation", "file"],
)
def test_a_frame_opens_in_no_other_file(other: Frames):
    with pytest.raises(BlobDamagedError):
        other.open(frames().seal(b"one"))


@pytest.mark.parametrize("frame", [b"", b"short", bytes(TAG_SIZE_BYTES)])
def test_noise_is_no_frame(frame: bytes):
    with pytest.raises(BlobDamagedError):
        frames().open(frame)


@pytest.mark.parametrize("size_bytes", [0, 1, CHUNK_SIZE_BYTES, CHUNK_SIZE_BYTES + 1, 3 * CHUNK_SIZE_BYTES])
def test_chunks_are_full_but_for_the_last(size_bytes: int):
    content = bytes(size_bytes)

    chunks = list(chunks_of(content))

    assert b"".join(chunks) == content
    assert all(len(chunk) == CHUNK_SIZE_BYTES for chunk in chunks[:-1])

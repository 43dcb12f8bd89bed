"""The format of sealed files. Pure.

A file is `50 52 42 01` ("PRB", version 1) and then frames: 64 KiB of content each, the last one shorter or empty, every
one followed by its tag. Each is AES-256-GCM-SIV under the key of this file alone; the nonce counts the frames and marks
the last one, so that a file that was cut, reordered or lengthened cannot be read to its end.
"""

from collections.abc import Iterator
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from postroom_shared.security.blobs.errors import BlobDamagedError

MAGIC = b"PRB\x01"
CHUNK_SIZE_BYTES = 64 * 1024
TAG_SIZE_BYTES = 16
FRAME_SIZE_BYTES = CHUNK_SIZE_BYTES + TAG_SIZE_BYTES


class Frames:
    """The frames of one file in their order, either to write or to read.

    Args:
        key: 32 random bytes that seal this file and no other.
        organisation_id: Whose file it is.
        blob_id: Which file it is.
    """

    def __init__(self, key: bytes, *, organisation_id: UUID, blob_id: UUID) -> None:
        self._cipher = AESGCMSIV(key)
        self._place = MAGIC + organisation_id.bytes + blob_id.bytes
        self._count = 0

    def seal(self, chunk: bytes | memoryview) -> bytes:
        """Return the next frame, of a full chunk that is not the last one."""
        return self._cipher.encrypt(self._next_nonce(last=b"\x00"), chunk, self._place)

    def seal_last(self, chunk: bytes | memoryview) -> bytes:
        """Return the last frame; its chunk may be empty."""
        return self._cipher.encrypt(self._next_nonce(last=b"\x01"), chunk, self._place)

    def open(self, frame: bytes) -> bytes:
        """Return the content of the next frame, which is not the last one.

        Raises:
            BlobDamagedError: It is not the frame that was written here.
        """
        return self._opened(frame, last=b"\x00")

    def open_last(self, frame: bytes) -> bytes:
        """Return the content of the last frame.

        Raises:
            BlobDamagedError: It is not the frame that was written here, or not the last one.
        """
        return self._opened(frame, last=b"\x01")

    def _opened(self, frame: bytes, *, last: bytes) -> bytes:
        try:
            return self._cipher.decrypt(self._next_nonce(last=last), frame, self._place)
        except InvalidTag:
            raise BlobDamagedError("a sealed file was changed") from None

    def _next_nonce(self, *, last: bytes) -> bytes:
        self._count += 1
        return self._count.to_bytes(11, "big") + last


def chunks_of(content: bytes | bytearray) -> Iterator[memoryview]:
    """Yield *content* in chunks, the last one maybe shorter."""
    view = memoryview(content)
    for start in range(0, len(content), CHUNK_SIZE_BYTES):
        yield view[start : start + CHUNK_SIZE_BYTES]

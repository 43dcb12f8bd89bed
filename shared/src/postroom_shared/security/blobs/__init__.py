"""Sealed files for bytes that are neither rows nor events."""

from postroom_shared.security.blobs.errors import BlobDamagedError, BlobGoneError, BlobTooLargeError, StorageFullError
from postroom_shared.security.blobs.store import Blobs, SealedBlob, StagedBlob, SweepReport
from postroom_shared.security.repository import BlobRecord

__all__ = [
    "BlobDamagedError",
    "BlobGoneError",
    "BlobRecord",
    "BlobTooLargeError",
    "Blobs",
    "SealedBlob",
    "StagedBlob",
    "StorageFullError",
    "SweepReport",
]

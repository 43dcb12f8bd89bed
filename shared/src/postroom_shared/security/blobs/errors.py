"""What the store of sealed files refuses, and its one alarm."""

from http import HTTPStatus

from postroom_shared.errors import NotFoundError, ProblemError


class BlobTooLargeError(ProblemError):
    """The content is longer than what is accepted here; `extra["limit_bytes"]` says how much is. Nothing was kept."""

    slug = "shared/blob-too-large"
    title = "The file is too large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class StorageFullError(ProblemError):
    """The disk for files is full, or the quota is reached. Nothing was kept."""

    slug = "shared/storage-full"
    title = "There is no room for this file at the moment"
    status = HTTPStatus.INSUFFICIENT_STORAGE


class BlobGoneError(NotFoundError):
    """The file expired, was deleted, or belongs to somebody else: the three are answered alike."""

    slug = "shared/blob-gone"
    title = "There is no such file, or it expired"


class BlobDamagedError(Exception):
    """A file that the database knows is missing, cut short, reordered or changed. Not a refusal: an alarm."""

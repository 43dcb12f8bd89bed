"""What a copy of mailboxes is. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from postroom_import.copies.errors import SameMailboxError, WrongStateError
from postroom_import.copying.domain import FolderState, Reason
from postroom_import.copying.planning import Choice
from postroom_import.imap_places import ImapPlace
from postroom_shared.values import Address


class JobState(StrEnum):
    """Where a copy is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing happens any more by itself."""
        return self in {JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED}


class Wish(StrEnum):
    """What somebody asked of a running copy, until its worker has stopped."""

    PAUSE = "pause"
    CANCEL = "cancel"


class SourceKind(StrEnum):
    """Where a source is."""

    LOCAL = "local"
    EXTERNAL = "external"


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A mailbox that is copied from.

    Attributes:
        login: What one signs in with.
        address: The address of the mailbox, where it is known: it gets the confirmation.
        account_key: The same for the same mailbox, however it was named.
        sealed_password: None once it was erased.
    """

    id: UUID
    kind: SourceKind
    place: ImapPlace
    login: str
    address: Address | None
    account_key: str
    sealed_password: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """The mailbox that is copied to."""

    address_id: UUID
    address: Address
    mail_server_id: UUID

    @property
    def account_key(self) -> str:
        """The same for the same mailbox."""
        return account_key(self.address_id)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a copy is."""

    folders_total: int = 0
    folders_done: int = 0
    messages_total: int = 0
    messages_done: int = 0
    bytes_total: int = 0
    bytes_done: int = 0
    copied: int = 0
    copied_bytes: int = 0
    already_there: int = 0
    failed: int = 0
    current_folder: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FolderProgress:
    """How far one folder is."""

    source_id: UUID
    name: str
    target_name: str
    state: FolderState
    problem: str | None
    messages_total: int
    messages_done: int
    bytes_total: int
    bytes_done: int
    copied: int
    already_there: int
    failed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A message that could not be copied.

    Attributes:
        uid: At the source.
        reason_text: The target's own words.
    """

    folder: str
    uid: int
    size_bytes: int
    reason: Reason
    reason_text: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyJob:
    """A copy that was asked for.

    Attributes:
        language: Of whoever asked, for the confirmation where an address has none of its own.
        problem: Slug of the problem it failed with.
        waiting_since: When a server went out of reach that is out of reach still.
        retry_at: When it is tried again.
    """

    id: UUID
    organisation_id: UUID
    requested_by: UUID
    language: str
    target: Target
    sources: tuple[Source, ...]
    choice: Choice
    state: JobState
    wish: Wish | None
    problem: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    waiting_since: datetime | None
    retry_at: datetime | None
    progress: Progress = Progress()

    @property
    def has_passwords(self) -> bool:
        """Whether the passwords of all sources are still there."""
        return all(source.sealed_password is not None for source in self.sources)


def account_key(address_id: UUID) -> str:
    """Return the account key of a mailbox that the directory knows."""
    return f"address:{address_id}"


def outside_account_key(host: str, login: str) -> str:
    """Return the account key of a mailbox that the directory does not know."""
    return f"outside:{host.lower()}:{login.lower()}"


def refuse_same_mailbox(sources: Sequence[Source], target: Target) -> None:
    """Refuse to copy a mailbox onto itself, and the same one twice.

    Raises:
        SameMailboxError: Two of them are one.

    Source: docs/promises.md#import-not-itself
    """
    keys = [source.account_key for source in sources]
    if target.account_key in keys:
        raise SameMailboxError("Choose another target: a mailbox cannot be copied onto itself.")
    if len(set(keys)) < len(keys):
        raise SameMailboxError("The two sources are the same mailbox.")


_PAUSABLE = frozenset({JobState.QUEUED, JobState.RUNNING})
_CANCELLABLE = frozenset({JobState.QUEUED, JobState.RUNNING, JobState.PAUSED})
_RESUMABLE = frozenset({JobState.PAUSED, JobState.FAILED})


def require_pausable(job: CopyJob) -> None:
    """Raise `WrongStateError` unless *job* can be paused."""
    _require(job, _PAUSABLE, "Only a copy that waits or runs can be paused.")


def require_cancellable(job: CopyJob) -> None:
    """Raise `WrongStateError` unless *job* can be cancelled."""
    _require(job, _CANCELLABLE, "This copy is over.")


def require_resumable(job: CopyJob) -> None:
    """Raise `WrongStateError` unless *job* can go on."""
    _require(job, _RESUMABLE, "Only a copy that was paused or has failed can go on.")


def _require(job: CopyJob, states: frozenset[JobState], detail: str) -> None:
    if job.state not in states or job.wish is Wish.CANCEL:
        raise WrongStateError(detail, extra={"state": job.state})

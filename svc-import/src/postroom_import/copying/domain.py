"""What the journal of a copy speaks of. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from postroom_import.copying.special_folders import SpecialUse
from postroom_import.imap.names import MailboxName


class Outcome(StrEnum):
    """What became of one message of a source."""

    SENT = "sent"  # in an open batch: whether the target has it is not known yet
    UNSETTLED = "unsettled"  # was sent and is not there: to be sent again
    COPIED = "copied"
    ALREADY_THERE = "already_there"
    FAILED = "failed"
    VANISHED = "vanished"  # somebody deleted it at the source meanwhile

    @property
    def is_final(self) -> bool:
        """Whether the message is dealt with."""
        return self not in {Outcome.SENT, Outcome.UNSETTLED}


class Reason(StrEnum):
    """Why a message could not be copied."""

    TOO_BIG = "too_big"
    REFUSED = "refused"
    EMPTY = "empty"
    CONNECTION_BREAKS = "connection_breaks"


class FolderState(StrEnum):
    """How far a folder is."""

    PLANNED = "planned"
    COPYING = "copying"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One message in the journal.

    Attributes:
        uid: At the source.
        size: Octets.
        sha256: None while the message was not read to its end.
        attempts: How often it was sent without being found afterwards.
        target_uid: None when the target does not tell.
        reason: Of a failure.
        reason_text: The target's own words.
    """

    uid: int
    size: int
    outcome: Outcome
    sha256: bytes | None = field(default=None, repr=False)
    attempts: int = 0
    target_uid: int | None = None
    reason: Reason | None = None
    reason_text: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class JournalFolder:
    """One folder of one source and where it goes."""

    id: UUID
    source_id: UUID
    source: MailboxName
    target: MailboxName
    use: SpecialUse | None
    subscribe: bool
    state: FolderState
    uidvalidity: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenBatch:
    """Messages that were sent, or nearly, and of which nobody knows yet whether the target has them.

    Attributes:
        uidvalidity: Of the target's folder when the batch was opened.
        uidnext_before: The target can have the messages at this uid or above only.
    """

    id: UUID
    folder_id: UUID
    uidvalidity: int
    uidnext_before: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """How the counters of a folder change."""

    messages: int = 0
    octets: int = 0
    copied: int = 0
    copied_octets: int = 0
    already_there: int = 0
    failed: int = 0

    @classmethod
    def of(cls, items: Iterable[Item]) -> "Tally":
        """Count those of *items* that are dealt with."""
        final = [item for item in items if item.outcome.is_final]
        copied = [item for item in final if item.outcome is Outcome.COPIED]
        return cls(
            messages=len(final),
            octets=sum(item.size for item in final),
            copied=len(copied),
            copied_octets=sum(item.size for item in copied),
            already_there=sum(item.outcome is Outcome.ALREADY_THERE for item in final),
            failed=sum(item.outcome is Outcome.FAILED for item in final),
        )

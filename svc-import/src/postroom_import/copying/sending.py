"""Sending a batch: noted before, sent, and what the target said of each message noted after."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from postroom_import.copying.domain import Item, Outcome, Reason
from postroom_import.copying.errors import Side, SideLostError, TargetFullError
from postroom_import.copying.journal import Journal
from postroom_import.copying.messages import HashedStream, Parcel
from postroom_import.copying.parties import Party
from postroom_import.copying.targets import TargetFolder, create_folder
from postroom_import.imap.appending import AppendResult
from postroom_import.imap.errors import (
    ImapMailboxMissingError,
    ImapOverQuotaError,
    ImapRefusedError,
    ImapTooBigError,
    ImapUnavailableError,
)

_MOST_WORDS = 300


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends parcels of one source folder to one target folder.

    Attributes:
        before_sending: Raises `CopyStoppedError` when this worker may not write any more.
    """

    journal: Journal
    target: TargetFolder
    party: Party
    folder_id: UUID
    before_sending: Callable[[], None]

    async def send(self, parcels: Sequence[Parcel]) -> None:
        """Send *parcels* and note what became of them.

        Raises:
            TargetFullError: The quota is used up; what was sent before is noted.
            SideLostError: The batch stays open, or the target cannot take it now.
        """
        if not parcels:
            return
        items = [_item(parcel, Outcome.SENT) for parcel in parcels]
        batch_id = await self.journal.open_batch(
            self.folder_id, items, uidvalidity=self.target.uidvalidity, uidnext_before=self.target.uidnext
        )
        self.before_sending()
        results = await self._append(parcels)
        settled = [_settled(parcel, result) for parcel, result in zip(parcels, results, strict=True)]
        await self.journal.close_batch(batch_id, self.folder_id, settled)
        for item in settled:
            if item.outcome is Outcome.COPIED and item.sha256 is not None:
                self.target.contents.learn(size=item.size, digest=item.sha256)
        _raise_if_target_cannot(results)

    async def _append(self, parcels: Sequence[Parcel]) -> list[AppendResult]:
        results = await self.target.append(parcels)
        if len(parcels) > 1 and all(result.refusal for result in results):
            # All or nothing: one message the target does not take must not keep the others away.
            results = await self.target.append(parcels, one_by_one=True)
        return [await self._once_more(parcel, result) for parcel, result in zip(parcels, results, strict=True)]

    async def _once_more(self, parcel: Parcel, result: AppendResult) -> AppendResult:
        """Try a refused message again where another try may end better; one that was streamed is gone."""
        if result.refusal is None or isinstance(parcel.content, HashedStream):
            return result
        if isinstance(result.refusal, ImapMailboxMissingError):
            return await self._after_creation(parcel)
        if type(result.refusal) is ImapRefusedError and parcel.has_keywords:
            return await self.target.append_without_keywords(parcel)
        return result

    async def _after_creation(self, parcel: Parcel) -> AppendResult:
        """Create the folder again: somebody deleted it meanwhile."""
        try:
            await create_folder(self.party, self.target.name)
        except ImapRefusedError as error:
            return AppendResult(refusal=error)
        return (await self.target.append([parcel]))[0]


def _item(parcel: Parcel, outcome: Outcome, *, target_uid: int | None = None) -> Item:
    return Item(
        uid=parcel.uid,
        size=parcel.size,
        outcome=outcome,
        sha256=parcel.digest,
        attempts=parcel.attempts,
        target_uid=target_uid,
    )


def _settled(parcel: Parcel, result: AppendResult) -> Item:
    if result.refusal is None:
        return _item(parcel, Outcome.COPIED, target_uid=result.uid)
    if isinstance(result.refusal, ImapOverQuotaError | ImapUnavailableError):
        return _item(parcel, Outcome.UNSETTLED)
    return failed_item(
        uid=parcel.uid,
        size=parcel.size,
        reason=Reason.TOO_BIG if isinstance(result.refusal, ImapTooBigError) else Reason.REFUSED,
        words=result.refusal.text,
    )


def failed_item(*, uid: int, size: int, reason: Reason, words: str | None = None) -> Item:
    """Return the item of a message that cannot be copied; *words* are the server's."""
    text = words[:_MOST_WORDS].replace("\x00", "") if words else None
    return Item(uid=uid, size=size, outcome=Outcome.FAILED, reason=reason, reason_text=text)


def _raise_if_target_cannot(results: Sequence[AppendResult]) -> None:
    for result in results:
        if isinstance(result.refusal, ImapOverQuotaError):
            raise TargetFullError(result.refusal.text)
        if isinstance(result.refusal, ImapUnavailableError):
            raise SideLostError(Side.TARGET, result.refusal)

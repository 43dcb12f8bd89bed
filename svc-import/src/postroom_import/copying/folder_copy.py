"""Copying one folder of a source: what is new is read, compared and sent, batch by batch."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from postroom_import.copying.domain import Item, JournalFolder, Outcome, Reason
from postroom_import.copying.journal import Journal
from postroom_import.copying.messages import (
    HashedStream,
    Parcel,
    parcel_of,
    read_digests,
    read_metadata,
    read_parcels,
)
from postroom_import.copying.parties import Party
from postroom_import.copying.sending import Sender, failed_item
from postroom_import.copying.settling import Settling
from postroom_import.copying.targets import TargetFolder
from postroom_import.imap.fetching import Metadata
from postroom_import.imap.uid_sets import UidSet


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyLimits:
    """How much is done in one go.

    Attributes:
        batch_messages: Messages sent together.
        batch_octets: Size of those; a larger message is sent alone, as a stream.
        settle_delay_s: Before looking for what an interrupted batch left at the target.
        attempts: How often a message may break the connection before it is given up.
    """

    batch_messages: int = 100
    batch_octets: int = 4_000_000
    settle_delay_s: float = 1.5
    attempts: int = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class FolderCopy:
    """The copy of one folder.

    Attributes:
        check: Raises `CopyStoppedError` when the copy is to stop.
        progressed: Called after each batch.
    """

    journal: Journal
    folder: JournalFolder
    source: Party
    target: TargetFolder
    target_party: Party
    limits: CopyLimits
    check: Callable[[], None]
    progressed: Callable[[], Awaitable[None]]

    async def run(self) -> None:
        """Copy what the journal does not know to be dealt with.

        Raises:
            ImapRefusedError: The source's folder cannot be opened.
        """
        client = await self.source.client()
        with self.source.speaking():
            state = await client.examine(self.folder.source)
        if state.uidvalidity is not None and state.uidvalidity == self.folder.uidvalidity:
            await self._settle()
        metadata = await read_metadata(self.source, UidSet.since(1)) if state.exists else []
        known = await self.journal.begin_folder(
            self.folder,
            uidvalidity=state.uidvalidity,
            messages=len(metadata),
            octets=sum(item.size for item in metadata),
        )
        await self._copy_all(metadata, known)
        await self.journal.end_folder(self.folder.id)

    async def _settle(self) -> None:
        settling = Settling(self.source, self.target, self.limits.settle_delay_s)
        for batch in await self.journal.open_batches():
            if batch.folder_id == self.folder.id:
                await self.journal.close_batch(batch.id, batch.folder_id, await settling.settled(batch))
                await self.target.look()

    async def _copy_all(self, metadata: Sequence[Metadata], known: dict[int, Item]) -> None:
        attempts = {uid: item.attempts for uid, item in known.items()}
        todo = [item for item in metadata if not ((seen := known.get(item.uid)) and seen.outcome.is_final)]
        given_up = [item for item in todo if attempts.get(item.uid, 0) >= self.limits.attempts]
        await self.journal.record(
            self.folder.id,
            [failed_item(uid=item.uid, size=item.size, reason=Reason.CONNECTION_BREAKS) for item in given_up],
        )
        for batch in batches([item for item in todo if item not in given_up], attempts, self.limits):
            self.check()
            if batch[0].size > self.limits.batch_octets:
                await self._copy_large(batch[0].uid, batch[0].size, attempts.get(batch[0].uid, 0))
            else:
                await self._copy_batch(batch, attempts)
            await self.progressed()

    async def _copy_batch(self, batch: Sequence[Metadata], attempts: dict[int, int]) -> None:
        sizes = {item.uid: item.size for item in batch}
        parcels, large = await read_parcels(
            self.source, list(sizes), most_octets=self.limits.batch_octets, attempts=attempts
        )
        await self.target.compare(parcel.size for parcel in parcels)
        to_send, done = self._judged(parcels)
        vanished = sizes.keys() - {parcel.uid for parcel in parcels} - set(large)
        done += [Item(uid=uid, size=sizes[uid], outcome=Outcome.VANISHED) for uid in sorted(vanished)]
        await self.journal.record(self.folder.id, done)
        await self._sender().send(to_send)
        for uid in large:
            await self._copy_large(uid, sizes[uid], attempts.get(uid, 0))

    def _judged(self, parcels: Sequence[Parcel]) -> tuple[list[Parcel], list[Item]]:
        """Part what is to be sent from what is there, or was seen before in the same batch."""
        to_send: list[Parcel] = []
        done: list[Item] = []
        coming: set[tuple[int, bytes | None]] = set()
        for parcel in parcels:
            content = parcel.size, parcel.sha256
            if parcel.size == 0:
                done.append(failed_item(uid=parcel.uid, size=0, reason=Reason.EMPTY))
            elif content in coming or self._is_there(parcel.size, parcel.sha256):
                done.append(_there(parcel.uid, parcel.size, parcel.sha256))
            else:
                coming.add(content)
                to_send.append(parcel)
        return to_send, done

    def _is_there(self, size: int, digest: bytes | None) -> bool:
        return digest is not None and self.target.contents.holds(size=size, digest=digest)

    async def _copy_large(self, uid: int, size: int, attempts: int) -> None:
        """Copy one message without ever holding it; it is read twice only if the target has one of its size."""
        if self.target.contents.may_hold(size) and not await self._is_new(uid):
            return
        if not await self._stream(uid, attempts, announced=size) and await self._is_new(uid):
            await self._stream(uid, attempts, announced=None)

    async def _is_new(self, uid: int) -> bool:
        """Tell whether the target lacks a message; note what became of it if not."""
        found = await read_digests(self.source, [uid])
        if uid not in found:
            await self.journal.record(self.folder.id, [Item(uid=uid, size=0, outcome=Outcome.VANISHED)])
            return False
        size, digest = found[uid]
        await self.target.compare([size])
        if not self.target.contents.holds(size=size, digest=digest):
            return True
        await self.journal.record(self.folder.id, [_there(uid, size, digest)])
        return False

    async def _stream(self, uid: int, attempts: int, *, announced: int | None) -> bool:
        """Send a message while it is read.

        Args:
            uid: Of the message.
            attempts: How often it was sent without being found.
            announced: The size that was compared; None when the message itself was.

        Returns:
            False when its real size is another one and the target has a message of that size.
        """
        client = await self.source.client()
        with self.source.speaking():
            async with aclosing(client.fetch_messages(UidSet.of([uid]))) as messages:
                message = await anext(messages, None)
                if message is None:
                    await self.journal.record(self.folder.id, [Item(uid=uid, size=0, outcome=Outcome.VANISHED)])
                    return True
                if announced not in {None, message.size} and self.target.contents.may_hold(message.size):
                    return False
                parcel = parcel_of(message, HashedStream(message, self.source), attempts=attempts)
                await self._sender().send([parcel])
        return True

    def _sender(self) -> Sender:
        return Sender(self.journal, self.target, self.target_party, self.folder.id, self.check)


def _there(uid: int, size: int, digest: bytes | None) -> Item:
    return Item(uid=uid, size=size, outcome=Outcome.ALREADY_THERE, sha256=digest)


def batches(metadata: Iterable[Metadata], attempts: Mapping[int, int], limits: CopyLimits) -> Iterator[list[Metadata]]:
    """Part *metadata* into what is sent together: in order, within the limits.

    A large message goes alone, and so does one that was sent before without being found: it may be what breaks the
    connection.
    """
    batch: list[Metadata] = []
    octets = 0
    for item in metadata:
        is_alone = item.size > limits.batch_octets or attempts.get(item.uid, 0) > 0
        is_full = len(batch) >= limits.batch_messages or octets + item.size > limits.batch_octets
        if batch and (is_alone or is_full):
            yield batch
            batch, octets = [], 0
        if is_alone:
            yield [item]
        else:
            batch.append(item)
            octets += item.size
    if batch:
        yield batch

"""Every statement on the journal of copies."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_import.copying.domain import FolderState, Item, JournalFolder, OpenBatch, Outcome, Reason, Tally
from postroom_import.copying.planning import PlannedFolder
from postroom_import.copying.special_folders import SpecialUse
from postroom_import.copying.tables import ImportBatchRow, ImportFolderRow, ImportItemRow
from postroom_import.imap.names import MailboxName
from postroom_shared.principal import SystemPrincipal
from postroom_shared.values import uuid7

_ZERO = {
    "messages_done": 0,
    "bytes_done": 0,
    "copied": 0,
    "copied_bytes": 0,
    "already_there": 0,
    "failed": 0,
}


class JournalEntries:
    """The journal of one job, in one transaction.

    Args:
        principal: The worker, for the job's organisation.
        job_id: Whose journal it is.
    """

    def __init__(self, session: AsyncSession, principal: SystemPrincipal, job_id: UUID) -> None:
        if principal.organisation_id is None:
            raise ValueError("a journal belongs to an organisation")
        self._session = session
        self._organisation_id = principal.organisation_id
        self._job_id = job_id

    async def add_folders(self, source_id: UUID, planned: Sequence[tuple[PlannedFolder, int]], *, first: int) -> None:
        """Add the folders that are not there yet, in the order given, with the number of their messages."""
        values = [
            self._folder_values(source_id, folder, messages, position)
            for position, (folder, messages) in enumerate(planned, first)
        ]
        if values:
            statement = insert(ImportFolderRow).values(values)
            await self._session.execute(statement.on_conflict_do_nothing(index_elements=["source_id", "source_wire"]))

    def _folder_values(self, source_id: UUID, folder: PlannedFolder, messages: int, position: int) -> dict[str, Any]:
        return {
            "id": uuid7(),
            "organisation_id": self._organisation_id,
            "job_id": self._job_id,
            "source_id": source_id,
            "position": position,
            "source_name": folder.source.text,
            "source_wire": folder.source.wire,
            "target_name": folder.target.text,
            "target_wire": folder.target.wire,
            "special_use": folder.use,
            "subscribe": folder.subscribe,
            "state": FolderState.PLANNED,
            "messages_total": messages,
        }

    async def folders(self) -> list[JournalFolder]:
        """Return the job's folders in their order."""
        rows = await self._session.scalars(
            select(ImportFolderRow).where(*self._mine(ImportFolderRow)).order_by(ImportFolderRow.position)
        )
        return [_folder(row) for row in rows]

    async def set_folder(self, folder_id: UUID, **values: Any) -> None:
        """Change columns of a folder."""
        await self._session.execute(
            update(ImportFolderRow).where(ImportFolderRow.id == folder_id, *self._mine(ImportFolderRow)).values(values)
        )

    async def refuse_folder(self, folder_id: UUID, *, problem: str) -> None:
        """Count all messages of a folder that are left as failed."""
        left = ImportFolderRow.messages_total - ImportFolderRow.messages_done
        await self.set_folder(
            folder_id,
            state=FolderState.REFUSED,
            problem=problem,
            failed=ImportFolderRow.failed + left,
            messages_done=ImportFolderRow.messages_total,
        )

    async def forget_folder(self, folder_id: UUID) -> None:
        """Forget what became of the folder's messages: their uids mean nothing any more."""
        of_folder = ImportItemRow.folder_id == folder_id
        await self._session.execute(delete(ImportItemRow).where(of_folder, *self._mine(ImportItemRow)))
        await self._session.execute(
            update(ImportBatchRow)
            .where(ImportBatchRow.folder_id == folder_id, *self._mine(ImportBatchRow))
            .values(is_open=False)
        )
        await self.set_folder(folder_id, **_ZERO)

    async def items(self, folder_id: UUID) -> dict[int, Item]:
        """Return what is known of the folder's messages, by their uid."""
        rows = await self._session.scalars(
            select(ImportItemRow).where(ImportItemRow.folder_id == folder_id, *self._mine(ImportItemRow))
        )
        return {row.source_uid: _item(row) for row in rows}

    async def open_batches(self) -> list[OpenBatch]:
        """Return the batches whose end is not known, oldest first."""
        batches = await self._session.scalars(
            select(ImportBatchRow)
            .where(ImportBatchRow.is_open, *self._mine(ImportBatchRow))
            .order_by(ImportBatchRow.opened_at, ImportBatchRow.id)
        )
        rows = list(batches)
        items = await self._items_of([row.id for row in rows])
        return [
            OpenBatch(
                id=row.id,
                folder_id=row.folder_id,
                uidvalidity=row.uidvalidity,
                uidnext_before=row.uidnext_before,
                items=tuple(items[row.id]),
            )
            for row in rows
        ]

    async def _items_of(self, batch_ids: Sequence[UUID]) -> dict[UUID, list[Item]]:
        found: dict[UUID, list[Item]] = defaultdict(list)
        rows = await self._session.scalars(
            select(ImportItemRow)
            .where(ImportItemRow.batch_id.in_(batch_ids), *self._mine(ImportItemRow))
            .order_by(ImportItemRow.batch_id, ImportItemRow.position)
        )
        for row in rows:
            if row.batch_id is not None and row.outcome == Outcome.SENT:
                found[row.batch_id].append(_item(row))
        return found

    async def add_batch(self, folder_id: UUID, *, uidvalidity: int, uidnext_before: int) -> UUID:
        """Open a batch and return its id."""
        batch_id = uuid7()
        await self._session.execute(
            insert(ImportBatchRow).values(
                id=batch_id,
                organisation_id=self._organisation_id,
                job_id=self._job_id,
                folder_id=folder_id,
                uidvalidity=uidvalidity,
                uidnext_before=uidnext_before,
                is_open=True,
            )
        )
        return batch_id

    async def close_batch(self, batch_id: UUID) -> None:
        """Close a batch: all its messages are settled."""
        await self._session.execute(
            update(ImportBatchRow)
            .where(ImportBatchRow.id == batch_id, *self._mine(ImportBatchRow))
            .values(is_open=False)
        )

    async def put_items(self, folder_id: UUID, items: Iterable[Item], *, batch_id: UUID | None = None) -> None:
        """Store what became of messages, over what was known before, and count those that are dealt with."""
        items = list(items)
        if not items:
            return
        statement = insert(ImportItemRow).values(
            [self._item_values(folder_id, item, batch_id, place) for place, item in enumerate(items)]
        )
        changed = {
            name: statement.excluded[name]
            for name in ("batch_id", "position", "outcome", "size", "sha256", "attempts", "target_uid")
        } | {"reason": statement.excluded.reason, "reason_text": statement.excluded.reason_text}
        await self._session.execute(
            statement.on_conflict_do_update(index_elements=["folder_id", "source_uid"], set_=changed)
        )
        await self._count(folder_id, Tally.of(items))

    def _item_values(self, folder_id: UUID, item: Item, batch_id: UUID | None, place: int) -> dict[str, Any]:
        return {
            "folder_id": folder_id,
            "source_uid": item.uid,
            "organisation_id": self._organisation_id,
            "job_id": self._job_id,
            "batch_id": batch_id,
            "position": place,
            "outcome": item.outcome,
            "size": item.size,
            "sha256": item.sha256,
            "attempts": item.attempts,
            "target_uid": item.target_uid,
            "reason": item.reason,
            "reason_text": item.reason_text,
        }

    async def _count(self, folder_id: UUID, tally: Tally) -> None:
        if not tally.messages:
            return
        await self.set_folder(
            folder_id,
            messages_done=ImportFolderRow.messages_done + tally.messages,
            bytes_done=ImportFolderRow.bytes_done + tally.octets,
            copied=ImportFolderRow.copied + tally.copied,
            copied_bytes=ImportFolderRow.copied_bytes + tally.copied_octets,
            already_there=ImportFolderRow.already_there + tally.already_there,
            failed=ImportFolderRow.failed + tally.failed,
        )

    def _mine(self, table: type[ImportFolderRow | ImportBatchRow | ImportItemRow]) -> tuple[Any, ...]:
        return table.organisation_id == self._organisation_id, table.job_id == self._job_id


def _folder(row: ImportFolderRow) -> JournalFolder:
    return JournalFolder(
        id=row.id,
        source_id=row.source_id,
        source=MailboxName(row.source_wire),
        target=MailboxName(row.target_wire),
        use=SpecialUse(row.special_use) if row.special_use else None,
        subscribe=row.subscribe,
        state=FolderState(row.state),
        uidvalidity=row.uidvalidity,
    )


def _item(row: ImportItemRow) -> Item:
    return Item(
        uid=row.source_uid,
        size=row.size,
        outcome=Outcome(row.outcome),
        sha256=row.sha256,
        attempts=row.attempts,
        target_uid=row.target_uid,
        reason=Reason(row.reason) if row.reason else None,
        reason_text=row.reason_text,
    )

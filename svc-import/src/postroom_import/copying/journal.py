"""What makes each message exactly-once: written before a batch is sent, and after its end is known.

Each method is one transaction. Those that let something begin ask the lease first, so that a worker that lost its job
stops; those that record what has happened do not, because it has happened.

Source: docs/promises.md#+import-survives
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_import.copying.domain import FolderState, Item, JournalFolder, OpenBatch
from postroom_import.copying.planning import PlannedFolder
from postroom_import.copying.repository import JournalEntries
from postroom_shared.database import Sessions, bind_organisation
from postroom_shared.principal import SystemPrincipal

Guard: TypeAlias = Callable[[AsyncSession], Awaitable[None]]
"""Raises `CopyStoppedError` when the job may not go on."""


class Journal:
    """The journal of one job."""

    def __init__(self, sessions: Sessions, principal: SystemPrincipal, job_id: UUID, *, guard: Guard) -> None:
        self._sessions = sessions
        self._principal = principal
        self._job_id = job_id
        self._guard = guard

    @asynccontextmanager
    async def _entries(self, *, guarded: bool) -> AsyncIterator[JournalEntries]:
        async with self._sessions() as session, session.begin():
            await bind_organisation(session, self._principal)
            if guarded:
                await self._guard(session)
            yield JournalEntries(session, self._principal, self._job_id)

    async def plan(self, source_id: UUID, planned: Sequence[tuple[PlannedFolder, int]], *, first: int) -> None:
        """Note the folders of one source; those that were noted before keep their way."""
        async with self._entries(guarded=True) as entries:
            await entries.add_folders(source_id, planned, first=first)

    async def folders(self) -> list[JournalFolder]:
        """Return all folders of the job in their order."""
        async with self._entries(guarded=True) as entries:
            return await entries.folders()

    async def begin_folder(
        self, folder: JournalFolder, *, uidvalidity: int | None, messages: int, octets: int
    ) -> dict[int, Item]:
        """Note that a folder is being copied; return what is known of its messages.

        When the source's uids are no longer those of before, nothing is: the contents will tell what is there.
        """
        async with self._entries(guarded=True) as entries:
            if uidvalidity is None or folder.uidvalidity not in {None, uidvalidity}:
                await entries.forget_folder(folder.id)
            await entries.set_folder(
                folder.id,
                state=FolderState.COPYING,
                uidvalidity=uidvalidity,
                messages_total=messages,
                bytes_total=octets,
            )
            return await entries.items(folder.id)

    async def end_folder(self, folder_id: UUID) -> None:
        """Note that a folder is done."""
        async with self._entries(guarded=True) as entries:
            await entries.set_folder(folder_id, state=FolderState.DONE)

    async def refuse_folder(self, folder_id: UUID, *, problem: str) -> None:
        """Note that the target does not take this folder; none of its messages is copied."""
        async with self._entries(guarded=True) as entries:
            await entries.refuse_folder(folder_id, problem=problem)

    async def record(self, folder_id: UUID, items: Iterable[Item]) -> None:
        """Note what became of messages that were not sent."""
        async with self._entries(guarded=True) as entries:
            await entries.put_items(folder_id, items)

    async def open_batch(
        self, folder_id: UUID, items: Sequence[Item], *, uidvalidity: int, uidnext_before: int
    ) -> UUID:
        """Note what is about to be sent, in that order, and return the batch's id."""
        async with self._entries(guarded=True) as entries:
            batch_id = await entries.add_batch(folder_id, uidvalidity=uidvalidity, uidnext_before=uidnext_before)
            await entries.put_items(folder_id, items, batch_id=batch_id)
            return batch_id

    async def close_batch(self, batch_id: UUID, folder_id: UUID, items: Iterable[Item]) -> None:
        """Note what became of a batch."""
        async with self._entries(guarded=False) as entries:
            await entries.put_items(folder_id, items, batch_id=batch_id)
            await entries.close_batch(batch_id)

    async def open_batches(self) -> list[OpenBatch]:
        """Return the batches whose end is not known."""
        async with self._entries(guarded=True) as entries:
            return await entries.open_batches()

"""One attempt at one job: from wherever the last one ended, as far as it goes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from postroom_import.copying.domain import FolderState, JournalFolder
from postroom_import.copying.folder_copy import CopyLimits, FolderCopy
from postroom_import.copying.journal import Journal
from postroom_import.copying.parties import Party
from postroom_import.copying.planning import Choice, plan_folders
from postroom_import.copying.targets import TargetFolder, open_target
from postroom_import.copying.trees import read_tree
from postroom_import.imap.errors import ImapRefusedError
from postroom_import.imap.names import MailboxName

log = structlog.get_logger()

SOURCE_FOLDER_REFUSED = "source_folder_refused"
TARGET_FOLDER_REFUSED = "target_folder_refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyRun:
    """Copies the mailboxes of *sources* into that of *target*.

    Attributes:
        sources: By their ids, in the order in which the person named them.
        check: Raises `CopyStoppedError` when the copy is to stop.
        progressed: Called after each batch.
    """

    journal: Journal
    sources: Mapping[UUID, Party]
    target: Party
    choice: Choice
    limits: CopyLimits
    check: Callable[[], None]
    progressed: Callable[[], Awaitable[None]]

    async def run(self) -> None:
        """Copy everything.

        Raises:
            SideLostError: A server cannot be reached now; another run goes on from here.
            SideRefusedError: A server does not take the credentials.
            TargetFullError: The quota of the target is used up.
            CopyStoppedError: Somebody or something stopped it.
        """
        await self._plan()
        for group in groups(await self.journal.folders()):
            self.check()
            await self._copy_group(group)

    async def _plan(self) -> None:
        target, _ = await read_tree(self.target)
        first = 0
        for source_id, party in self.sources.items():
            source, counts = await read_tree(party)
            planned = plan_folders(source, target, self.choice)
            await self.journal.plan(source_id, [(each, counts.get(each.source, 0)) for each in planned], first=first)
            first += len(planned)

    async def _copy_group(self, group: Sequence[JournalFolder]) -> None:
        """Copy all folders that go to one folder of the target."""
        waiting = [folder for folder in group if folder.state in {FolderState.PLANNED, FolderState.COPYING}]
        if not waiting:
            return
        target = await self._opened(group[0].target, waiting)
        if target is not None:
            for folder in waiting:
                await self._copy_folder(folder, target)

    async def _opened(self, name: MailboxName, waiting: Sequence[JournalFolder]) -> TargetFolder | None:
        try:
            return await open_target(self.target, name, subscribe=any(folder.subscribe for folder in waiting))
        except ImapRefusedError as error:
            log.info("import.target_folder_refused", code=error.code)
            for folder in waiting:
                await self.journal.refuse_folder(folder.id, problem=TARGET_FOLDER_REFUSED)
            return None

    async def _copy_folder(self, folder: JournalFolder, target: TargetFolder) -> None:
        copy = FolderCopy(
            journal=self.journal,
            folder=folder,
            source=self.sources[folder.source_id],
            target=target,
            target_party=self.target,
            limits=self.limits,
            check=self.check,
            progressed=self.progressed,
        )
        try:
            await copy.run()
        except ImapRefusedError as error:
            log.info("import.source_folder_refused", code=error.code)
            await self.journal.refuse_folder(folder.id, problem=SOURCE_FOLDER_REFUSED)

    async def close(self) -> None:
        """Close the connections."""
        await asyncio.gather(*(party.close() for party in (*self.sources.values(), self.target)))


def groups(folders: Sequence[JournalFolder]) -> list[list[JournalFolder]]:
    """Return *folders* by the folder of the target they go to, in the order in which those come first."""
    found: dict[MailboxName, list[JournalFolder]] = {}
    for folder in folders:
        found.setdefault(folder.target, []).append(folder)
    return list(found.values())

r"""One folder of the target while messages are written to it. It is only ever opened read-only: \Recent stays.

Source: docs/promises.md#import-untouched
"""

from collections.abc import Iterable, Sequence

from postroom_import.copying.comparing import FolderContents
from postroom_import.copying.errors import SideLostError
from postroom_import.copying.messages import Parcel, read_digests, read_metadata
from postroom_import.copying.parties import Party
from postroom_import.imap.appending import AppendMethod, AppendResult
from postroom_import.imap.errors import ImapMailboxExistsError, ImapMailboxMissingError, ImapRefusedError
from postroom_import.imap.names import MailboxName
from postroom_import.imap.uid_sets import UidSet

_SYSTEM_FLAGS = frozenset({"\\seen", "\\answered", "\\flagged", "\\deleted", "\\draft"})
_COMPARE_AT_ONCE = 200


class TargetFolder:
    """A folder of the target that exists; `open_target` makes it.

    Attributes:
        contents: What it holds.
        uidvalidity: 0 where the server has no lasting uids.
        uidnext: No message that is still to be written can get a lower uid.
    """

    def __init__(self, party: Party, name: MailboxName) -> None:
        self._party = party
        self.name = name
        self.contents = FolderContents()
        self.uidvalidity = 0
        self.uidnext = 1
        self._allowed: frozenset[str] | None = None

    async def look(self) -> None:
        """Open it again and read what it holds.

        Raises:
            ImapRefusedError: It cannot be opened.
        """
        client = await self._party.client()
        with self._party.speaking():
            state = await client.examine(self.name)
        known = await read_metadata(self._party, UidSet.since(1)) if state.exists else []
        self.contents = FolderContents.of({item.uid: item.size for item in known})
        self.uidvalidity = state.uidvalidity or 0
        self.uidnext = max([state.uidnext or 1, *(item.uid + 1 for item in known[-1:])])
        # A server may say that a folder which is open for reading takes no flags at all: that tells nothing.
        self._allowed = state.permanent_flags or None

    async def compare(self, sizes: Iterable[int]) -> None:
        """Read the messages that must be known before messages of *sizes* are judged."""
        wanted = self.contents.to_compare(sizes)
        uids = sorted(uid for group in wanted.values() for uid in group)
        for start in range(0, len(uids), _COMPARE_AT_ONCE):
            for size, digest in (await read_digests(self._party, uids[start : start + _COMPARE_AT_ONCE])).values():
                self.contents.learn(size=size, digest=digest)
        for size in wanted:
            self.contents.compared(size)

    async def found_since(self, uid: int, sizes: Iterable[int]) -> dict[tuple[int, bytes], int]:
        """Open it again and return (size, SHA-256) -> uid of the messages of *sizes* from *uid* on."""
        await self.look()
        wanted = set(sizes)
        metadata = await read_metadata(self._party, UidSet.since(uid)) if self.uidnext > uid else []
        uids = [item.uid for item in metadata if item.size in wanted]
        digests = await read_digests(self._party, uids) if uids else {}
        return {content: found for found, content in digests.items()}

    async def append(self, parcels: Sequence[Parcel], *, one_by_one: bool = False) -> list[AppendResult]:
        """Write *parcels* and return what became of each."""
        client = await self._party.client()
        method = AppendMethod.WINDOW if one_by_one else None
        try:
            with self._party.speaking():
                messages = [parcel.outgoing(self._allowed) for parcel in parcels]
                outcome = await client.append(self.name, messages, method=method)
        except SideLostError:
            # Perhaps the source broke off in the middle of a message: then this connection is of no use either.
            await self._party.close()
            raise
        uids = [result.uid for result in outcome.results if result.uid is not None]
        self.uidnext = max([self.uidnext, *(uid + 1 for uid in uids)])
        return list(outcome.results)

    async def append_without_keywords(self, parcel: Parcel) -> AppendResult:
        """Write one message with the flags of RFC 3501 only; perhaps the server cannot store others."""
        self._allowed, before = _SYSTEM_FLAGS, self._allowed
        try:
            return (await self.append([parcel]))[0]
        finally:
            self._allowed = before


async def open_target(party: Party, name: MailboxName, *, subscribe: bool) -> TargetFolder:
    """Return the folder *name* of the target; create it if there is none.

    Raises:
        ImapRefusedError: It cannot be created or opened.
    """
    folder = TargetFolder(party, name)
    try:
        await folder.look()
    except ImapMailboxMissingError:
        await create_folder(party, name)
        await folder.look()
    except ImapRefusedError as error:
        # Not every server says why a folder cannot be opened.
        await create_folder(party, name, otherwise=error)
        await folder.look()
    if subscribe:
        await _subscribe(party, name)
    return folder


async def create_folder(party: Party, name: MailboxName, *, otherwise: ImapRefusedError | None = None) -> None:
    """Create *name*; one that is there already is no error, unless *otherwise* says that it cannot be opened."""
    client = await party.client()
    try:
        with party.speaking():
            await client.create(name)
    except ImapMailboxExistsError:
        if otherwise is not None:
            raise otherwise from None


async def _subscribe(party: Party, name: MailboxName) -> None:
    client = await party.client()
    try:
        with party.speaking():
            await client.subscribe(name)
    except ImapRefusedError:
        return  # the folder is there, and a mail program can still be told to show it

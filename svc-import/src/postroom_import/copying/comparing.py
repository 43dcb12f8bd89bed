"""Which messages of a source the target folder holds already. Pure.

Two messages are the same when their octets are (SHA-256); sizes only tell which ones need not be compared. The scope is
one folder of the target, whichever source a message comes from.

Source: docs/promises.md#import-dedupe
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class FolderContents:
    """What a folder of the target holds, as far as it matters: a size for each message, a digest where it was needed."""

    _uids_by_size: dict[int, set[int]] = field(default_factory=dict)
    _digests: set[tuple[int, bytes]] = field(default_factory=set)

    @classmethod
    def of(cls, sizes: Mapping[int, int]) -> "FolderContents":
        """Return the contents of a folder with these messages, uid -> size in octets, none of them compared yet."""
        contents = cls()
        for uid, size in sizes.items():
            contents._uids_by_size.setdefault(size, set()).add(uid)
        return contents

    def to_compare(self, sizes: Iterable[int]) -> dict[int, set[int]]:
        """Return size -> uids of the messages whose digest must be known before messages of *sizes* are judged."""
        return {size: uids for size in set(sizes) if (uids := self._uids_by_size.get(size))}

    def learn(self, *, size: int, digest: bytes, uid: int | None = None) -> None:
        """Remember that the folder holds this content; *uid* is a message that need not be read again."""
        self._digests.add((size, digest))
        if uid is not None:
            for uids in self._uids_by_size.values():
                uids.discard(uid)

    def compared(self, size: int) -> None:
        """Remember that all messages of this size have been read."""
        self._uids_by_size.pop(size, None)

    def holds(self, *, size: int, digest: bytes) -> bool:
        """Tell whether the same octets are there; right only when nothing of this size is left `to_compare`."""
        return (size, digest) in self._digests

    def may_hold(self, size: int) -> bool:
        """Tell whether anything of this size is there: only then must a message be compared."""
        return size in self._uids_by_size or any(known == size for known, _ in self._digests)

"""Which messages of a source the target folder holds already. Pure.

Two messages are the same when their octets are (SHA-256); sizes only tell which ones need not be compared. The scope is
one folder of the target, whichever source a message comes from.

Source: docs/promises.md#import-dedupe
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class FolderContents:
    """What a folder of the target holds: a size for each message, a digest where it was needed."""

    _unread: dict[int, set[int]] = field(default_factory=dict)
    _digests: dict[int, set[bytes]] = field(default_factory=dict)

    @classmethod
    def of(cls, sizes: Mapping[int, int]) -> "FolderContents":
        """Return the contents of a folder with these messages, uid -> size in octets, none of them read yet."""
        contents = cls()
        for uid, size in sizes.items():
            contents._unread.setdefault(size, set()).add(uid)
        return contents

    def to_compare(self, sizes: Iterable[int]) -> dict[int, set[int]]:
        """Return size -> uids of the messages that must be read before messages of *sizes* are judged."""
        return {size: set(uids) for size in set(sizes) if (uids := self._unread.get(size))}

    def compared(self, size: int) -> None:
        """Remember that all messages of this size have been read."""
        self._unread.pop(size, None)

    def learn(self, *, size: int, digest: bytes) -> None:
        """Remember that the folder holds this content."""
        self._digests.setdefault(size, set()).add(digest)

    def holds(self, *, size: int, digest: bytes) -> bool:
        """Tell whether the same octets are there; right only when nothing of this size is left `to_compare`."""
        return digest in self._digests.get(size, ())

    def may_hold(self, size: int) -> bool:
        """Tell whether anything of this size is there: only then must a message be compared."""
        return size in self._unread or size in self._digests

r"""Which folder of a source goes to which folder of the target. Pure: two lists of folders in, a plan out.

Special folders meet by purpose, not by name; sub-folders follow their parents; prefixes and separators of one side
become those of the other. The same tree gives the same plan each time, so that a later run finds what an earlier wrote.

Source: docs/promises.md#import-whole-tree
"""

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from postroom_import.copying.special_folders import SpecialUse, use_by_name
from postroom_import.imap.names import MailboxName

Path: TypeAlias = tuple[str, ...]
"""The levels of a folder's name without the server's prefix, NFC; ("INBOX",) is the INBOX."""

INBOX: Path = ("INBOX",)
_TO_FULL_WIDTH = 0xFEE0  # from U+0021-U+007E to U+FF01-U+FF5E


@dataclass(frozen=True, slots=True)
class Namespace:
    """How a server spells the names of a mailbox's own folders.

    Attributes:
        prefix: Before each name but INBOX, with its separator: `INBOX.`; usually empty.
        separator: Between levels; None where folders have no sub-folders.
    """

    prefix: str = ""
    separator: str | None = "/"

    def path(self, name: str, *, separator: str | None = None) -> Path:
        """Return the levels of *name*; *separator* is the one that its own LIST line tells."""
        if name.upper() == "INBOX":
            return INBOX
        separator = separator or self.separator
        inner = name[len(self.prefix) :] if self.prefix and name.startswith(self.prefix) else name
        levels = inner.split(separator) if separator else [inner]
        if levels[0].upper() == "INBOX":
            levels[0] = "INBOX"
        return tuple(unicodedata.normalize("NFC", level) for level in levels)

    def name(self, path: Path) -> MailboxName:
        """Return how this server spells *path*.

        A separator inside a level becomes its full-width form, which looks alike and never collides with a level
        that was spelt otherwise. Below a prefix of `INBOX.`, sub-folders of INBOX stand beside the others.
        """
        if path == INBOX:
            return MailboxName.of("INBOX")
        levels = path[1:] if path[0] == "INBOX" and self.prefix.upper().startswith("INBOX") else path
        if self.separator is None:
            return MailboxName.of(self.prefix + "-".join(levels))
        wide = chr(ord(self.separator) + _TO_FULL_WIDTH)
        return MailboxName.of(self.prefix + self.separator.join(each.replace(self.separator, wide) for each in levels))


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder as a server lists it.

    Attributes:
        use: The purpose that the server tells.
        separator: Of its LIST line.
        holds_messages: Whether it can be opened.
        is_subscribed: Whether mail programs show it.
    """

    name: MailboxName
    use: SpecialUse | None = None
    separator: str | None = "/"
    holds_messages: bool = True
    is_subscribed: bool = False


@dataclass(frozen=True, slots=True)
class Tree:
    """All folders of one mailbox.

    Attributes:
        foreign_prefixes: Where other people's and shared folders begin; they belong to somebody else's mailbox.
    """

    folders: Sequence[Folder]
    namespace: Namespace = field(default_factory=Namespace)
    foreign_prefixes: frozenset[str] = frozenset()

    def own_folders(self) -> list[tuple[Path, Folder]]:
        """Return the mailbox's own folders with their paths, INBOX first, then in alphabetical order."""
        own = [each for each in self.folders if not self._is_foreign(each.name.text)]
        paired = [(self.namespace.path(each.name.text, separator=each.separator), each) for each in own]
        return sorted(paired, key=lambda pair: (pair[0] != INBOX, pair[0], pair[1].name.wire))

    def _is_foreign(self, name: str) -> bool:
        return any(name.startswith(prefix) or name == prefix[:-1] for prefix in self.foreign_prefixes if prefix)

    def special(self) -> dict[SpecialUse, Path]:
        """Return the folder of each purpose: what the server says, else the likeliest name at the top level."""
        told: dict[SpecialUse, Path] = {}
        guesses: dict[SpecialUse, tuple[int, Path]] = {}
        for path, folder in self.own_folders():
            if folder.use is not None:
                told.setdefault(folder.use, path)
            elif (guess := _guessed(path, folder)) is not None:
                use, rank = guess
                guesses[use] = min(guesses.get(use, (rank, path)), (rank, path))
        return {use: path for use, (_, path) in guesses.items()} | told


def _guessed(path: Path, folder: Folder) -> tuple[SpecialUse, int] | None:
    is_below_inbox = len(path) == 2 and path[0] == "INBOX"
    if not folder.holds_messages or not (len(path) == 1 or is_below_inbox):
        return None
    return use_by_name(path[-1])


@dataclass(frozen=True, slots=True)
class Choice:
    """What the person wants copied.

    Attributes:
        match_special: Let special folders meet by purpose.
        include: Names of source folders; with sub-folders. Empty means all.
        exclude: Names of source folders; with sub-folders.
        subscribe: Subscribe the target's folder where the source's is subscribed.
    """

    match_special: bool = True
    include: Collection[str] = ()
    exclude: Collection[str] = ()
    subscribe: bool = True


@dataclass(frozen=True, slots=True)
class PlannedFolder:
    """One folder's way, each name as its own side spells it.

    Attributes:
        exists: Whether the target has the folder.
        use: Its purpose at the source.
        subscribe: Whether the target's folder is to be subscribed.
    """

    source: MailboxName
    target: MailboxName
    exists: bool
    use: SpecialUse | None
    subscribe: bool


def plan_folders(source: Tree, target: Tree, choice: Choice) -> list[PlannedFolder]:
    """Return where each folder of *source* goes; one that shows all the mail of the others comes last."""
    moves = _moves(source, target) if choice.match_special else {}
    uses = {path: use for use, path in source.special().items()}
    there = {path: folder.name for path, folder in target.own_folders() if folder.holds_messages}
    planned = []
    for path, folder in _chosen(source, choice):
        name = _target_name(_moved(path, moves), target, there)
        subscribe = choice.subscribe and folder.is_subscribed
        planned.append(PlannedFolder(folder.name, name, name in there.values(), uses.get(path), subscribe))
    return sorted(planned, key=lambda each: each.use is SpecialUse.ALL)


def _target_name(path: Path, target: Tree, there: Mapping[Path, MailboxName]) -> MailboxName:
    return there.get(path) or target.namespace.name(path)


def _moves(source: Tree, target: Tree) -> dict[Path, Path]:
    theirs = target.special()
    if SpecialUse.ARCHIVE in theirs:
        theirs.setdefault(SpecialUse.ALL, theirs[SpecialUse.ARCHIVE])
    return {path: theirs[use] for use, path in source.special().items() if use in theirs and path != INBOX}


def _moved(path: Path, moves: Mapping[Path, Path]) -> Path:
    """Return where *path* goes: with the nearest of its parents that has a move of its own."""
    for depth in range(len(path), 0, -1):
        if path[:depth] in moves:
            return moves[path[:depth]] + path[depth:]
    return path


def _chosen(source: Tree, choice: Choice) -> Iterable[tuple[Path, Folder]]:
    included = [source.namespace.path(name) for name in choice.include]
    excluded = [source.namespace.path(name) for name in choice.exclude]
    for path, folder in source.own_folders():
        is_view = folder.use is not None and folder.use.is_view
        is_wanted = (not included or _is_below(path, included)) and not _is_below(path, excluded)
        if folder.holds_messages and is_wanted and not is_view:
            yield path, folder


def _is_below(path: Path, others: Iterable[Path]) -> bool:
    return any(path[: len(other)] == other for other in others)

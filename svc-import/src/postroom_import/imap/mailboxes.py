r"""Mailboxes as a copier sees them: role, subscription, counts, and the state of the open one."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from typing import Self

from postroom_import.imap.errors import ImapProtocolError
from postroom_import.imap.names import MailboxName
from postroom_import.imap.results import Count, ListEntry, MailboxStatus, NumberCode, Response, Status, WordsCode

# RFC 6154 §2, and \Important of RFC 8457. XLIST said \AllMail, \Spam and \Starred.
_ROLES = {
    "\\all": "\\All",
    "\\allmail": "\\All",
    "\\archive": "\\Archive",
    "\\drafts": "\\Drafts",
    "\\flagged": "\\Flagged",
    "\\starred": "\\Flagged",
    "\\important": "\\Important",
    "\\junk": "\\Junk",
    "\\spam": "\\Junk",
    "\\sent": "\\Sent",
    "\\trash": "\\Trash",
}


@dataclass(frozen=True, slots=True)
class Mailbox:
    r"""One mailbox of an account.

    Args:
        separator: Between the levels of names; None where there are no levels.
        attributes: Lower case, such as "\\noselect".
        special_use: Role in the spelling of RFC 6154, such as "\\Sent"; None for an ordinary mailbox.
        counts: What was asked of it, by upper-case name; empty when nothing was.
    """

    name: MailboxName
    separator: str | None
    attributes: frozenset[str]
    special_use: str | None
    subscribed: bool
    counts: Mapping[str, int]

    @property
    def is_selectable(self) -> bool:
        """Tell whether it can hold messages (RFC 5258 §3: NonExistent implies Noselect)."""
        return not self.attributes & {"\\noselect", "\\nonexistent"}

    def with_counts(self, counts: Mapping[str, int]) -> Self:
        """Return the same mailbox with *counts*."""
        return replace(self, counts=counts)


@dataclass(frozen=True, slots=True)
class MailboxState:
    r"""An open mailbox.

    Args:
        uidvalidity: None when the server has no lasting uids (RFC 3501 §6.3.1): nothing can be remembered about it.
        exists: Number of messages.
        permanent_flags: Flags that can be stored, as written; "\\*" stands for new keywords. None: the server did not
            say, which means all.
        highestmodseq: None without CONDSTORE (RFC 7162).
    """

    uidvalidity: int | None
    uidnext: int | None
    exists: int
    permanent_flags: frozenset[str] | None
    highestmodseq: int | None


def gather_mailboxes(responses: Iterable[Response]) -> list[Mailbox]:
    """Return the mailboxes that LIST, LSUB and STATUS responses speak of, each once, in the order of LIST."""
    entries: dict[MailboxName, ListEntry] = {}
    subscribed: set[MailboxName] = set()
    counts: dict[MailboxName, Mapping[str, int]] = {}
    for response in responses:
        if isinstance(response, MailboxStatus):
            counts[response.name] = response.counts
        elif isinstance(response, ListEntry):
            if response.subscribed_only or "\\subscribed" in response.attributes:
                subscribed.add(response.name)
            if not response.subscribed_only:
                entries[response.name] = response
    return [_mailbox(entry, subscribed, counts.get(name, {})) for name, entry in entries.items()]


def _mailbox(entry: ListEntry, subscribed: Set[MailboxName], counts: Mapping[str, int]) -> Mailbox:
    roles = sorted(_ROLES[attribute] for attribute in entry.attributes if attribute in _ROLES)
    role = roles[0] if roles else None
    return Mailbox(entry.name, entry.separator, entry.attributes, role, entry.name in subscribed, counts)


def gather_state(responses: Iterable[Response]) -> MailboxState:
    """Return what the responses to SELECT or EXAMINE say."""
    exists: int | None = None
    flags: frozenset[str] | None = None
    numbers: dict[str, int] = {}
    for response in responses:
        if isinstance(response, Count) and response.kind == "EXISTS":
            exists = response.number
        elif isinstance(response, Status) and isinstance(response.code, NumberCode):
            numbers[response.code.name] = response.code.number
        elif isinstance(response, Status) and isinstance(response.code, WordsCode):
            flags = response.code.words if response.code.name == "PERMANENTFLAGS" else flags
    if exists is None:
        raise ImapProtocolError("the server does not say how many messages there are")
    return MailboxState(numbers.get("UIDVALIDITY"), numbers.get("UIDNEXT"), exists, flags, numbers.get("HIGHESTMODSEQ"))

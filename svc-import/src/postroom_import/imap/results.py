"""What an IMAP server says, one frozen type for each kind of answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from postroom_import.imap.internal_dates import InternalDate
from postroom_import.imap.names import MailboxName
from postroom_import.imap.uid_sets import UidSet

# What parentheses, strings and atoms become; NIL is None.
Value = bytes | tuple["Value", ...] | None


class Condition(Enum):
    """The five status words of RFC 3501 §7.1."""

    OK = b"OK"
    NO = b"NO"
    BAD = b"BAD"
    BYE = b"BYE"
    PREAUTH = b"PREAUTH"


@dataclass(frozen=True, slots=True)
class AppendUid:
    """APPENDUID: where appended messages went, in the order they were sent (RFC 4315 §3)."""

    uidvalidity: int
    uids: UidSet
    name: str = "APPENDUID"


@dataclass(frozen=True, slots=True)
class CopyUid:
    """COPYUID: source and destination uids, pair by pair (RFC 4315 §3)."""

    uidvalidity: int
    sources: UidSet
    targets: UidSet
    name: str = "COPYUID"


@dataclass(frozen=True, slots=True)
class NumberCode:
    """UIDVALIDITY, UIDNEXT, UNSEEN, HIGHESTMODSEQ and others that carry one number."""

    name: str
    number: int


@dataclass(frozen=True, slots=True)
class WordsCode:
    """PERMANENTFLAGS, CAPABILITY and BADCHARSET: a list of words."""

    name: str
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class OtherCode:
    """TRYCREATE, OVERQUOTA, ALREADYEXISTS, AUTHENTICATIONFAILED, … and codes unknown to this client."""

    name: str
    argument: bytes = b""


ResponseCode = AppendUid | CopyUid | NumberCode | WordsCode | OtherCode


@dataclass(frozen=True, slots=True)
class Status:
    """A status response.

    Args:
        tag: Of the command it ends; empty for an untagged one.
        text: For people, in the server's words.
    """

    tag: bytes
    condition: Condition
    code: ResponseCode | None
    text: str


@dataclass(frozen=True, slots=True)
class Continuation:
    """A "+" line: the server waits for more of the command.

    Args:
        text: What follows the plus: base64 of a SASL challenge, or words.
    """

    text: bytes


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Untagged CAPABILITY; names in upper case."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One line of LIST or LSUB.

    Args:
        attributes: Lower case, with the backslash.
        separator: None for a flat name.
        subscribed_only: True for LSUB.
    """

    name: MailboxName
    separator: str | None
    attributes: frozenset[str]
    subscribed_only: bool


@dataclass(frozen=True, slots=True)
class MailboxStatus:
    """STATUS of one mailbox; keys in upper case, such as MESSAGES, UIDNEXT, UIDVALIDITY, HIGHESTMODSEQ."""

    name: MailboxName
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Flags:
    """Untagged FLAGS: what a mailbox knows."""

    flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Count:
    """EXISTS, RECENT or EXPUNGE with its number."""

    kind: str
    number: int


@dataclass(frozen=True, slots=True)
class Found:
    """SEARCH or ESEARCH; the plain form may come in pieces."""

    uids: UidSet


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a FETCH response tells of one message; None for what it does not tell.

    Args:
        sequence: Message number in the selected mailbox.
        size: RFC822.SIZE, octets.
        others: Items without a field of their own, by upper-case name.
    """

    sequence: int
    uid: int | None = None
    flags: frozenset[str] | None = None
    internal_date: InternalDate | None = None
    size: int | None = None
    modseq: int | None = None
    others: Mapping[str, Value] | None = None


@dataclass(frozen=True, slots=True)
class BodyStart:
    """Octets of a message follow as `BodyPiece`s until there are *size* of them; then more, then its `Fetched`.

    Args:
        section: What stands between the brackets of BODY[]; empty for the whole message.
        so_far: The items that stood before the body.
    """

    section: str
    size: int
    so_far: Fetched


@dataclass(frozen=True, slots=True)
class BodyPiece:
    """At most 64 KiB of a body."""

    data: bytes


@dataclass(frozen=True, slots=True)
class NamespaceEntry:
    """A prefix and its separator (RFC 2342 §5)."""

    prefix: bytes
    separator: str | None


@dataclass(frozen=True, slots=True)
class Namespaces:
    """Untagged NAMESPACE."""

    personal: tuple[NamespaceEntry, ...]
    others: tuple[NamespaceEntry, ...]
    shared: tuple[NamespaceEntry, ...]


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """Untagged ID (RFC 2971)."""

    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Unknown:
    """An untagged response this client has no use for."""

    name: str


Response = (
    Status
    | Continuation
    | Capabilities
    | ListEntry
    | MailboxStatus
    | Flags
    | Count
    | Found
    | Fetched
    | BodyStart
    | BodyPiece
    | Namespaces
    | ServerIdentity
    | Unknown
)

"""What is sent: each command as a tree of parts; `encoding` turns it into octets.

A mailbox name, a password or a flag is put into a command only here, quoted or as a literal, so that nothing a person
or another server wrote can end a command early.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from postroom_import.imap.errors import ImapUsageError
from postroom_import.imap.names import MailboxName, quote
from postroom_import.imap.results import (
    Capabilities,
    Count,
    Fetched,
    Flags,
    Found,
    ListEntry,
    MailboxStatus,
    Namespaces,
    Response,
    ServerIdentity,
    Status,
)

Pieces = Callable[[], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True)
class Literal:
    """Octets announced by their number.

    Args:
        size: Octets; at least what `content` gives.
        content: The octets, or a function that begins to read them from elsewhere.
    """

    size: int
    content: bytes | Pieces = field(repr=False)

    @classmethod
    def of(cls, content: bytes) -> "Literal":
        """Return the literal that carries *content*."""
        return cls(len(content), content)


@dataclass(frozen=True, slots=True)
class Prompted:
    """Octets the server must ask for with "+", as SASL answers are; a CRLF is added."""

    content: bytes = field(repr=False)


Part = bytes | Literal | Prompted


@dataclass(frozen=True, slots=True)
class Command:
    """One command without its tag.

    Args:
        name: For errors and logs; never an argument.
        parts: What is sent, in order; the last CRLF is added.
        wants: Untagged responses that belong to it.
        when_prompted_again: Sent for the first "+" that no part waits for; None: there is none to be expected.
    """

    name: str
    parts: tuple[Part, ...] = field(repr=False)
    wants: frozenset[type[Response]] = frozenset()
    when_prompted_again: bytes | None = None


def astring(value: bytes) -> Part:
    """Return *value* quoted, or as a literal where quotes cannot carry it; `ImapUsageError` for NUL."""
    if b"\x00" in value:
        raise ImapUsageError("NUL cannot be sent")
    return quote(value) or Literal.of(value)


def _simple(name: str, *parts: Part, wants: Iterable[type[Response]] = ()) -> Command:
    words = tuple(piece for part in parts for piece in (b" ", part))
    return Command(name, (name.encode("ascii"), *words), frozenset(wants))


def capability() -> Command:
    """CAPABILITY."""
    return _simple("CAPABILITY", wants=(Capabilities,))


def starttls() -> Command:
    """STARTTLS (RFC 3501 §6.2.1)."""
    return _simple("STARTTLS")


def logout() -> Command:
    """LOGOUT."""
    return _simple("LOGOUT")


def noop() -> Command:
    """NOOP."""
    return _simple("NOOP")


def login(username: str, password: str) -> Command:
    """LOGIN, for servers without AUTHENTICATE PLAIN."""
    return _simple("LOGIN", astring(username.encode("utf-8")), astring(password.encode("utf-8")))


def authenticate(mechanism: str, initial: bytes, *, inline: bool, on_challenge: bytes) -> Command:
    """AUTHENTICATE with a mechanism whose client speaks first.

    Args:
        mechanism: Name of the SASL mechanism.
        initial: The client's first message, in base64.
        inline: Whether the server takes it on the command line (SASL-IR, RFC 4959).
        on_challenge: Answer, in base64, to a challenge that reports a failure.
    """
    words: tuple[Part, ...] = (b"AUTHENTICATE " + mechanism.encode("ascii"),)
    words += (b" " + initial,) if inline else (Prompted(initial),)
    return Command("AUTHENTICATE", words, when_prompted_again=on_challenge)


def identify(fields: Sequence[tuple[str, str]]) -> Command:
    """ID (RFC 2971): some providers open no mailbox before they know who asks."""
    strings = b" ".join(_quoted(text) for pair in fields for text in pair)
    return _simple("ID", b"(" + strings + b")" if fields else b"NIL", wants=(ServerIdentity,))


def _quoted(text: str) -> bytes:
    quoted = quote(text.encode("utf-8"))
    if quoted is None:
        raise ImapUsageError("ID takes printable ASCII")
    return quoted


def namespace() -> Command:
    """NAMESPACE (RFC 2342)."""
    return _simple("NAMESPACE", wants=(Namespaces,))


def list_mailboxes(*, returning: Sequence[str] = (), status_items: Sequence[str] = ()) -> Command:
    """LIST of everything, with RETURN options where the server has them (RFC 5258, 5819, 6154)."""
    options = [option.encode("ascii") for option in returning]
    if status_items:
        options.append(b"STATUS (" + " ".join(status_items).encode("ascii") + b")")
    tail = (b"RETURN (" + b" ".join(options) + b")",) if options else ()
    return _simple("LIST", b'""', b'"*"', *tail, wants=(ListEntry, MailboxStatus))


def list_subscribed() -> Command:
    """LSUB of everything, for servers without LIST-EXTENDED."""
    return _simple("LSUB", b'""', b'"*"', wants=(ListEntry,))


def open_mailbox(name: MailboxName, *, read_only: bool, with_modseq: bool) -> Command:
    """EXAMINE or SELECT."""
    parameters = (b"(CONDSTORE)",) if with_modseq else ()
    verb = "EXAMINE" if read_only else "SELECT"
    return _simple(verb, astring(name.wire), *parameters, wants=(Flags, Count, Status))


def create(name: MailboxName) -> Command:
    """CREATE."""
    return _simple("CREATE", astring(name.wire))


def subscribe(name: MailboxName) -> Command:
    """SUBSCRIBE."""
    return _simple("SUBSCRIBE", astring(name.wire))


def status(name: MailboxName, items: Sequence[str]) -> Command:
    """STATUS."""
    words = b"(" + " ".join(items).encode("ascii") + b")"
    return _simple("STATUS", astring(name.wire), words, wants=(MailboxStatus,))


def uid_search(uids: bytes, *, extended: bool) -> Command:
    """UID SEARCH for the uids that exist among *uids*; with ESEARCH the answer comes as ranges (RFC 4731)."""
    returning = (b"RETURN (ALL)",) if extended else ()
    return _simple("UID SEARCH", *returning, b"UID", uids, wants=(Found,))


def uid_fetch(uids: bytes, items: bytes, wants: Iterable[type[Response]] = (Fetched,)) -> Command:
    """UID FETCH."""
    return _simple("UID FETCH", uids, items, wants=wants)

"""What a line of a mail log says, as frozen tuples.

They are named tuples, not frozen dataclasses: making one costs a third to a seventh (docs/adr/0301-log-parser.md).
Text is as the daemon wrote it; `""` stands for the null sender, `None` for what the line does not say.
"""

from enum import Enum
from typing import Final, Literal, NamedTuple, TypeAlias


class Accepted(NamedTuple):
    """A client handed a message over: Postfix smtpd's `client=`."""

    queue_id: str
    client_name: str
    client_address: str
    login: str | None
    original_queue_id: str | None
    original_client: str | None
    """`name[address]` that a content filter passed on (XFORWARD)."""
    service: str
    """The instance in the middle of the program's name, such as `submission`."""


class PickedUp(NamedTuple):
    """A message was put in by a local user: Postfix pickup."""

    queue_id: str
    sender: str


class Identified(NamedTuple):
    """A message has this Message-ID."""

    queue_id: str
    message_id: str


class Queued(NamedTuple):
    """A message entered the active queue; said again at each retry."""

    queue_id: str
    sender: str
    size_bytes: int
    recipients: int


class Arrived(NamedTuple):
    """A message was accepted, said in one line: Exim's `<=`."""

    queue_id: str
    sender: str
    size_bytes: int | None
    message_id: str | None
    client_name: str | None
    client_address: str | None
    login: str | None
    parent_queue_id: str | None
    local: bool


class Attempted(NamedTuple):
    """A delivery agent tried one recipient."""

    queue_id: str
    recipient: str
    original_recipient: str | None
    relay: str
    delay_s: str
    dsn: str
    status: str
    """`sent`, `deferred`, `bounced`, or a probe's `deliverable`, `undeliverable`."""
    text: str
    """The answer of the remote server, or the agent's own words."""
    agent: str


class Expired(NamedTuple):
    """All recipients that are still deferred are given up."""

    queue_id: str


class Removed(NamedTuple):
    """The life of a queue id ends."""

    queue_id: str


class Held(NamedTuple):
    """A message waits for an operator."""

    queue_id: str


class Released(NamedTuple):
    """A message waits no longer for an operator, or was queued again."""

    queue_id: str


class Notified(NamedTuple):
    """The mail system wrote a message of its own about this one."""

    queue_id: str
    child_queue_id: str
    kind: str
    """`non-delivery`, `delay` or `delivery status`."""


class Refused(NamedTuple):
    """A client was told no; without a queue id nothing was accepted before."""

    queue_id: str | None
    action: str
    """`reject`, `discard` or `hold`."""
    stage: str
    """The SMTP command that was answered, such as `RCPT` or `END-OF-MESSAGE`."""
    client_name: str
    client_address: str
    text: str
    sender: str | None
    recipient: str | None
    helo: str | None
    protocol: str | None
    service: str
    login: str | None
    ends_message: bool
    """True when the answer concerns the whole message, not one recipient."""
    client_port: str | None = None


class MailboxActed(NamedTuple):
    """The mailbox server did something with a message that it was handed."""

    user: str
    session: str
    message_id: str
    action: str
    """`stored`, `forwarded`, `discarded`, `refused`, `answered`, `failed`, `silent`."""
    target: str
    """The folder, the address forwarded to, or the reason."""


class Scanned(NamedTuple):
    """A spam filter judged a message."""

    queue_id: str
    message_id: str
    action: str
    score: float
    limit: float
    recipients: str
    """Separated by commas, as written; split when needed."""


class Filtered(NamedTuple):
    """amavis passed or blocked a message."""

    task: str
    action: str
    verdict: str
    finding: str | None
    effects: str
    client_address: str | None
    client_port: str | None
    sender: str
    recipients: tuple[str, ...]
    quarantine: str | None
    queue_id: str | None
    message_id: str | None
    score: str | None
    size_bytes: int | None
    queued_as: tuple[str, ...]
    elapsed_ms: int | None


class Authenticated(NamedTuple):
    """DKIM or DMARC said something of a message."""

    queue_id: str
    method: str
    result: str


class LoggedIn(NamedTuple):
    """A mail client signed in."""

    service: str
    user: str
    client_address: str


class LoginFailed(NamedTuple):
    """A mail client did not get in."""

    service: str
    user: str | None
    client_name: str | None
    client_address: str | None
    client_port: str | None
    helo: str | None
    backend: str | None
    reason: str


class Misbehaved(NamedTuple):
    """A client broke the protocol, or was turned away before it said for whom a message is."""

    kind: str
    client_name: str | None
    client_address: str
    client_port: str | None
    detail: str


class LinesLost(NamedTuple):
    """The log itself has a hole: the logger dropped lines because there were too many."""

    lines: int


class Unread(Enum):
    """The one value that says: a line of a known daemon that nobody understands."""

    NOT_UNDERSTOOD = "not understood"


NOT_UNDERSTOOD: Final = Unread.NOT_UNDERSTOOD

LogEvent: TypeAlias = (
    Accepted
    | PickedUp
    | Identified
    | Queued
    | Arrived
    | Attempted
    | Expired
    | Removed
    | Held
    | Released
    | Notified
    | Refused
    | MailboxActed
    | Scanned
    | Filtered
    | Authenticated
    | LoggedIn
    | LoginFailed
    | Misbehaved
    | LinesLost
)
Reading: TypeAlias = LogEvent | Literal[Unread.NOT_UNDERSTOOD] | None
"""An event; `None` for a line that is understood and says nothing about a delivery."""

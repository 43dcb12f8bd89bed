"""What the correlator says of a message and one recipient."""

from enum import StrEnum
from typing import Final, NamedTuple

from postroom_logs.daemons.log_events import Attempted, Scanned

JUNK_FOLDERS: Final = {"junk", "spam", "junk e-mail", "junk email", "bulk mail"}


class DeliveryStatus(StrEnum):
    """What became of a message for one recipient; only `deferred` and `held` may still change."""

    DELIVERED = "delivered"
    JUNK = "junk"
    FORWARDED = "forwarded"
    FILTERED = "filtered"
    """Thrown away by the recipient's own Sieve rule."""
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    EXPIRED = "expired"
    REJECTED = "rejected"
    """Refused while the client was still connected."""
    DISCARDED = "discarded"
    """Thrown away by a filter or table of the mail server."""
    HELD = "held"


class Attempt(NamedTuple):
    """One try to deliver to one recipient."""

    at_us: int
    said: Attempted


class Delivery(NamedTuple):
    """A message and one recipient as far as the log tells; a later one of the same `key` replaces it.

    Attributes:
        key: Stable name of the pair, unique for all hosts and times.
        at_us: The moment it is listed under; never changes for a key. Microseconds since 1970 UTC, as all moments.
        first_us: When the message was first seen, by the first of its queue ids.
        last_us: When the last thing happened to this recipient.
        host: Who wrote the lines.
        queue_id: The first queue id, `""` when nothing was accepted.
        queue_ids: All of them: content filters and relays give new ones.
        sender: Envelope sender, `""` for the null sender, `None` when the log does not say.
        recipient: Final envelope recipient, `""` when the log does not say.
        original_recipient: The alias that was written to, when it is another.
        message_id: Without brackets.
        submitted: True when one of our own people or machines wrote it: by login, or on the host itself.
        text: The answer of the remote server, or the words of the refusal, verbatim.
        parent: `key` of the message this one is about or was forwarded from, without its recipient.
        folder: Where the mailbox server put it.
        forwarded_to: Where the recipient's rule or alias sent it on.
        answered: Whether the recipient's responder answered.
    """

    key: str
    at_us: int
    first_us: int
    last_us: int
    host: str
    queue_id: str
    queue_ids: tuple[str, ...]
    sender: str | None
    recipient: str
    original_recipient: str | None
    message_id: str | None
    size_bytes: int | None
    status: DeliveryStatus
    dsn: str
    relay: str
    text: str
    attempts: tuple[Attempt, ...]
    submitted: bool
    login: str | None
    client_name: str | None
    client_address: str | None
    service: str
    parent: str | None
    folder: str | None
    forwarded_to: tuple[str, ...]
    answered: bool
    scan: Scanned | None
    notes: tuple[tuple[int, str, str], ...]
    """What filters and signatures said: moment, who, what."""
    again: bool = False
    """Whether an earlier delivery of the same `key` was given: this one replaces it."""


def is_junk(folder: str) -> bool:
    """Tell whether a folder is one for spam, wherever it lies."""
    return folder.replace("/", ".").rpartition(".")[2].lower() in JUNK_FOLDERS

"""Messages as the correlator holds them while their queue ids live."""

from postroom_logs.correlation.deliveries import Attempt, Delivery, DeliveryStatus, is_junk
from postroom_logs.correlation.outcomes import Outcome
from postroom_logs.daemons.log_events import Scanned


class Recipient:
    """One recipient of a message."""

    __slots__ = ("attempts", "changed", "dsn", "last_us", "name", "original", "outcome", "relay", "status", "text")

    def __init__(self, name: str) -> None:
        """Begin without an attempt."""
        self.name = name
        self.original: str | None = None
        self.attempts: list[Attempt] = []
        self.status = DeliveryStatus.DEFERRED
        self.last_us = 0
        self.dsn = ""
        self.relay = ""
        self.text = ""
        self.outcome: Outcome | None = None
        self.changed = True


class Message:
    """A message under one queue id of one host."""

    __slots__ = (
        "changed",
        "client_address",
        "client_name",
        "first_us",
        "has_predecessor",
        "host",
        "key",
        "listed_us",
        "login",
        "message_id",
        "notes",
        "parent",
        "probe",
        "queue_id",
        "queue_ids",
        "recipients",
        "scan",
        "sender",
        "service",
        "size_bytes",
        "submitted",
    )

    def __init__(self, *, host: str, queue_id: str, at_us: int, key: str) -> None:
        """Begin at first sight."""
        self.host = host
        self.queue_id = queue_id
        self.queue_ids: tuple[str, ...] = (queue_id,) if queue_id else ()
        self.key = key
        self.listed_us = at_us
        self.first_us = at_us
        self.client_name: str | None = None
        self.client_address: str | None = None
        self.login: str | None = None
        self.service = ""
        self.submitted = False
        self.message_id: str | None = None
        self.sender: str | None = None
        self.size_bytes: int | None = None
        self.parent: str | None = None
        self.has_predecessor = False
        self.probe = False
        self.scan: Scanned | None = None
        self.notes: list[tuple[int, str, str]] = []
        self.recipients: dict[str, Recipient] = {}
        self.changed = False

    def recipient(self, name: str) -> Recipient:
        """Return the recipient of that name, new or known."""
        found = self.recipients.get(name)
        if found is None:
            found = self.recipients[name] = Recipient(name)
        return found

    def follow(self, earlier: "Message") -> None:
        """Take over what is known of the same message under an earlier queue id.

        The earlier one had the real client: here the client is a filter or another host of ours.
        """
        self.has_predecessor = True
        self.first_us = min(self.first_us, earlier.first_us)
        self.queue_id = earlier.queue_id
        self.queue_ids = (*earlier.queue_ids, *(known for known in self.queue_ids if known not in earlier.queue_ids))
        self.client_name, self.client_address = earlier.client_name, earlier.client_address
        self.login, self.service, self.submitted = earlier.login, earlier.service, earlier.submitted
        if earlier.sender is not None:
            self.sender = earlier.sender
        self.message_id = self.message_id or earlier.message_id
        self.size_bytes = earlier.size_bytes or self.size_bytes
        self.parent = self.parent or earlier.parent
        self.scan = self.scan or earlier.scan
        self.notes = earlier.notes + self.notes
        for recipient in self.recipients.values():
            recipient.changed = True

    def take_over_rows(self, earlier: "Message") -> None:
        """Continue the rows that were already written for the earlier queue id."""
        self.key = earlier.key
        self.listed_us = earlier.listed_us

    def delivery(self, recipient: Recipient) -> Delivery:
        """Return what is known for one recipient."""
        outcome = recipient.outcome
        status = recipient.status
        if outcome is not None and status is DeliveryStatus.DELIVERED:
            status = outcome_status(outcome)
        return Delivery(
            f"{self.key}/{recipient.name}",
            self.listed_us,
            self.first_us,
            recipient.last_us,
            self.host,
            self.queue_id,
            self.queue_ids,
            self.sender,
            recipient.name,
            recipient.original,
            self.message_id,
            self.size_bytes,
            status,
            recipient.dsn,
            recipient.relay,
            recipient.text,
            tuple(recipient.attempts),
            self.submitted,
            self.login,
            self.client_name,
            self.client_address,
            self.service,
            self.parent,
            outcome.folder if outcome else None,
            tuple(outcome.forwarded_to) if outcome else (),
            outcome.answered if outcome else False,
            self.scan,
            tuple(self.notes),
        )


def outcome_status(outcome: Outcome) -> DeliveryStatus:
    """Return the status of a message that the mailbox server took: where it lies decides, then where it went."""
    if outcome.folder is not None:
        return DeliveryStatus.JUNK if is_junk(outcome.folder) else DeliveryStatus.DELIVERED
    if outcome.refused:
        return DeliveryStatus.REJECTED
    if outcome.forwarded_to:
        return DeliveryStatus.FORWARDED
    return DeliveryStatus.FILTERED if outcome.discarded else DeliveryStatus.DELIVERED

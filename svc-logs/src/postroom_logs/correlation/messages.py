"""Messages as the correlator holds them while their queue ids live.

Most messages and recipients keep most of their attributes at the defaults of the class, which cost nothing to set.
"""

from typing import Final

from postroom_logs.correlation.deliveries import Attempt, Delivery, DeliveryStatus, is_junk
from postroom_logs.correlation.outcomes import Outcome
from postroom_logs.daemons.log_events import Scanned

_DELIVERED: Final = DeliveryStatus.DELIVERED
_new: Final = tuple.__new__


class Recipient:
    """One recipient of a message."""

    attempts: tuple[Attempt, ...] = ()
    status: DeliveryStatus = DeliveryStatus.DEFERRED
    changed: bool = True
    written: bool = False
    """Whether a delivery was given before."""
    outcome: Outcome | None = None
    refused_us: int | None = None
    """When the recipient's status changed without an attempt: a refusal, the end of the queue's patience."""
    refusal: str | None = None
    refusal_dsn: str = ""

    def __init__(self, name: str) -> None:
        """Begin without an attempt."""
        self.name = name

    def turn(self, status: DeliveryStatus, *, at_us: int) -> None:
        """Change the status for another reason than an attempt."""
        self.status = status
        self.refused_us = at_us
        self.changed = True


class Message:
    """A message under one queue id of one host."""

    client_name: str | None = None
    client_address: str | None = None
    login: str | None = None
    service: str = ""
    submitted: bool = False
    message_id: str | None = None
    sender: str | None = None
    size_bytes: int | None = None
    parent: str | None = None
    has_predecessor: bool = False
    probe: bool = False
    scan: Scanned | None = None
    notes: tuple[tuple[int, str, str], ...] = ()
    changed: bool = False

    def __init__(self, host: str, queue_id: str, at_us: int, serial: int) -> None:
        """Begin at first sight; *serial* is never used twice on the host."""
        self.host = host
        self.queue_id = queue_id
        self.queue_ids: tuple[str, ...] = (queue_id,) if queue_id else ()
        self.key = f"{host}/{queue_id}/{at_us}/{serial}"
        self.listed_us = at_us
        self.first_us = at_us
        self.recipients: dict[str, Recipient] = {}

    def recipient(self, name: str) -> Recipient:
        """Return the recipient of that name, new or known."""
        found = self.recipients.get(name)
        if found is None:
            found = self.recipients[name] = Recipient(name)
        return found

    def turn(self, *, before: DeliveryStatus, after: DeliveryStatus, at_us: int) -> None:
        """Change the status of every recipient that has the status *before*."""
        for recipient in self.recipients.values():
            if recipient.status is before:
                recipient.turn(after, at_us=at_us)

    def touch(self) -> None:
        """Let every recipient's row be written again."""
        for recipient in self.recipients.values():
            recipient.changed = True

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
        self.touch()

    def take_over_rows(self, earlier: "Message") -> None:
        """Continue the rows that were already written for the earlier queue id."""
        self.key = earlier.key
        self.listed_us = earlier.listed_us

    def delivery(self, recipient: Recipient) -> Delivery:
        """Return what is known for one recipient."""
        outcome, status, attempts = recipient.outcome, recipient.status, recipient.attempts
        original, dsn, relay, text, last_us = None, recipient.refusal_dsn, "", recipient.refusal or "", self.first_us
        if attempts:
            last_us, attempt = attempts[-1]
            original, relay = attempt.original_recipient, attempt.relay
            if recipient.refusal is None:
                dsn, text = attempt.dsn, attempt.text
        if recipient.refused_us is not None:
            last_us = max(last_us, recipient.refused_us)
        if outcome is not None and status is _DELIVERED:
            status = outcome_status(outcome)
        return _new(
            Delivery,
            (
                f"{self.key}/{recipient.name}",
                self.listed_us,
                self.first_us,
                last_us,
                self.host,
                self.queue_id,
                self.queue_ids,
                self.sender,
                recipient.name,
                original,
                self.message_id,
                self.size_bytes,
                status,
                dsn,
                relay,
                text,
                attempts,
                self.submitted,
                self.login,
                self.client_name,
                self.client_address,
                self.service,
                self.parent,
                outcome.folder if outcome else None,
                outcome.forwarded_to if outcome else (),
                outcome.answered if outcome else False,
                self.scan,
                self.notes,
                recipient.written,
            ),
        )


def outcome_status(outcome: Outcome) -> DeliveryStatus:
    """Return the status of a message that the mailbox server took: where it lies decides, then where it went."""
    if outcome.folder is not None:
        return DeliveryStatus.JUNK if is_junk(outcome.folder) else _DELIVERED
    if outcome.refused:
        return DeliveryStatus.REJECTED
    if outcome.forwarded_to:
        return DeliveryStatus.FORWARDED
    return DeliveryStatus.FILTERED if outcome.discarded else _DELIVERED

"""Turns events into deliveries; pure: what it knows comes from the events, in their order."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from postroom_logs.correlation.chains import Chains
from postroom_logs.correlation.deliveries import Attempt, Delivery, DeliveryStatus
from postroom_logs.correlation.hosts import HostState
from postroom_logs.correlation.messages import Message, Recipient
from postroom_logs.correlation.outcomes import HandOvers
from postroom_logs.correlation.refusals import refuse
from postroom_logs.daemons import log_events as said

STALE_US: Final = 8 * 86_400 * 1_000_000
"""Messages older than this are given up; Postfix bounces after five days (maximal_queue_lifetime)."""
_STATUS: Final = {
    "sent": DeliveryStatus.DELIVERED,
    "bounced": DeliveryStatus.BOUNCED,
    "deferred": DeliveryStatus.DEFERRED,
    "discarded": DeliveryStatus.DISCARDED,
    "expired": DeliveryStatus.EXPIRED,
}
_TO_MAILBOXES: Final = {"lmtp", "pipe", "dovecot", "dovecot_lmtp", "dovecot_delivery"}
_DELIVERED: Final = DeliveryStatus.DELIVERED
_new: Final = tuple.__new__
_Handler = Callable[[HostState, int, Any], None]


class Correlator:
    """Deliveries of any number of hosts; several that hand messages to each other should share one."""

    def __init__(self) -> None:
        self.hosts: dict[str, HostState] = {}
        self.hand_overs: HandOvers[tuple[Message, str]] = HandOvers()
        self.redirections: dict[str, str] = {}
        """Messages that a Sieve rule sent on, by Message-ID and new recipient, and what they were sent on from."""
        self._chains = Chains(self.hosts, self._change)
        self._changed: list[Message] = []
        self._handlers: dict[type, _Handler] = {
            said.Attempted: self._attempted,
            said.Queued: self._queued,
            said.Identified: self._identified,
            said.Removed: self._removed,
            said.Accepted: self._accepted,
            said.MailboxActed: self._acted,
            said.Scanned: self._scanned,
            said.Refused: self._refused,
            said.Filtered: self._filtered,
            said.Authenticated: self._authenticated,
            said.Notified: self._notified,
            said.Expired: self._expired,
            said.PickedUp: self._picked_up,
            said.Arrived: self._arrived,
            said.Held: self._held,
            said.Released: self._released,
        }

    def feed(self, at_us: int, host: str, event: said.LogEvent) -> None:
        """Take an event into account; logins and the like concern no message."""
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(self.hosts.get(host) or self._host(host), at_us, event)

    def changes(self) -> list[Delivery]:
        """Return every delivery that is new or other than at the last call, in the order of its first change."""
        deliveries = []
        for message in self._changed:
            message.changed = False
            if message.probe:
                continue
            for recipient in message.recipients.values():
                if recipient.changed:
                    recipient.changed = False
                    deliveries.append(message.delivery(recipient))
                    recipient.written = True
        self._changed.clear()
        return deliveries

    def open_messages(self) -> Iterable[Message]:
        """Yield the messages whose queue ids still live."""
        for host in self.hosts.values():
            yield from host.open.values()

    def forget_stale(self) -> None:
        """Give up messages whose end the log never told: those `STALE_US` older than their host's newest."""
        for host in self.hosts.values():
            bound = max((message.first_us for message in host.open.values()), default=0) - STALE_US
            for queue_id in [key for key, message in host.open.items() if message.first_us < bound]:
                del host.open[queue_id]

    def _host(self, name: str) -> HostState:
        return self.hosts.setdefault(name, HostState(name))

    def _change(self, message: Message) -> None:
        if not message.changed:
            message.changed = True
            self._changed.append(message)

    def _accepted(self, host: HostState, at_us: int, event: said.Accepted) -> None:
        queue_id, client_name, client_address, login, original_queue_id, original_client, service = event
        message = host.begin(queue_id, at_us)
        message.client_name = client_name
        message.client_address = client_address
        if login is not None:
            message.login = login
            message.submitted = True
        if service:
            message.service = service
        if host.expected or original_queue_id or original_client:
            self._chains.accept(host, event, message)

    def _picked_up(self, host: HostState, at_us: int, event: said.PickedUp) -> None:
        message = host.begin(event.queue_id, at_us)
        message.submitted = True

    def _identified(self, host: HostState, at_us: int, event: said.Identified) -> None:
        queue_id, message_id = event
        message = host.open.get(queue_id)
        if message is None or (message.message_id is not None and message.message_id != message_id):
            message = host.begin(queue_id, at_us)
        message.message_id = message_id

    def _queued(self, host: HostState, at_us: int, event: said.Queued) -> None:
        queue_id, sender, size_bytes = event
        message = host.open.get(queue_id)
        if message is None:
            message = host.begin(queue_id, at_us)
        if message.sender is None:
            message.sender = sender
        if message.size_bytes is None:
            message.size_bytes = size_bytes

    def _arrived(self, host: HostState, at_us: int, event: said.Arrived) -> None:
        message = host.begin(event.queue_id, at_us)
        message.sender, message.size_bytes, message.message_id = event.sender, event.size_bytes, event.message_id
        message.client_name, message.client_address = event.client_name, event.client_address
        message.login = event.login
        message.submitted = event.login is not None or (event.local and event.parent_queue_id is None)
        parent = host.open.get(event.parent_queue_id or "")
        if parent is not None:
            message.parent = parent.key

    def _attempted(self, host: HostState, at_us: int, event: said.Attempted) -> None:
        queue_id, name, _, _, _, _, word, text, agent = event  # one unpacking is cheaper than nine attributes
        message = host.open.get(queue_id)
        if message is None:
            message = host.begin(queue_id, at_us)
        status = _STATUS.get(word)
        if status is None:  # deliverable, undeliverable: an address was probed, nothing was sent
            message.probe = True
            return
        if status is _DELIVERED:
            if "queued as " in text and self._chains.hop(message, event):
                return
            status = self._delivered(host, message, event)
        recipient = message.recipients.get(name)
        if recipient is None:
            recipient = message.recipients[name] = Recipient(name)
        recipient.attempts += (_new(Attempt, (at_us, event)),)
        recipient.status = status
        recipient.changed = True
        if not message.changed:
            message.changed = True
            self._changed.append(message)
        if status is _DELIVERED and agent in _TO_MAILBOXES:
            recipient.outcome = self.hand_overs.claim(event, message.message_id, (message, name))
            if recipient.outcome is not None and recipient.outcome.forwarded_to:
                self._redirected(message, recipient.outcome.forwarded_to)
        if self.redirections and message.parent is None:
            message.parent = self.redirections.pop(f"{message.message_id} {name}", None)

    def _delivered(self, host: HostState, message: Message, event: said.Attempted) -> DeliveryStatus:
        if event.text.startswith("forwarded as "):
            self._adopt(host, event.text[13:], message.key)
            return DeliveryStatus.FORWARDED
        if event.agent == "discard" or "discarded, id=" in event.text:  # amavis answers 250 to what it throws away
            return DeliveryStatus.DISCARDED
        return _DELIVERED

    def _redirected(self, message: Message, targets: tuple[str, ...]) -> None:
        for target in targets:
            if len(self.redirections) >= 10_000:
                del self.redirections[next(iter(self.redirections))]
            self.redirections[f"{message.message_id} {target}"] = message.key

    def _adopt(self, host: HostState, child_queue_id: str, parent: str) -> None:
        child = host.open.get(child_queue_id)
        if child is not None:
            child.parent = parent
        else:
            host.children[child_queue_id] = parent

    def _notified(self, host: HostState, _at_us: int, event: said.Notified) -> None:
        message = host.open.get(event.queue_id)
        if message is not None:
            self._adopt(host, event.child_queue_id, message.key)

    def _acted(self, _host: HostState, _at_us: int, event: said.MailboxActed) -> None:
        asker = self.hand_overs.note(event)
        if asker is not None:
            message, name = asker.name
            recipient = message.recipient(name)
            recipient.outcome = asker.outcome
            recipient.changed = True
            self._change(message)

    def _scanned(self, host: HostState, _at_us: int, event: said.Scanned) -> None:
        message = host.open.get(event.queue_id)
        if message is not None:
            message.scan = event

    def _authenticated(self, host: HostState, at_us: int, event: said.Authenticated) -> None:
        message = host.open.get(event.queue_id)
        if message is not None:
            self._note(message, at_us, event.method, event.result)

    def _filtered(self, host: HostState, at_us: int, event: said.Filtered) -> None:
        message = self._chains.filter(host, event)
        if message is not None:
            self._note(message, at_us, "amavis", f"{event.action} {event.verdict} {event.score or ''}".strip())

    def _note(self, message: Message, at_us: int, who: str, what: str) -> None:
        message.notes = (*message.notes, (at_us, who, what))
        if message.recipients:
            message.touch()
            self._change(message)

    def _expired(self, host: HostState, at_us: int, event: said.Expired) -> None:
        message = host.open.get(event.queue_id)
        if message is None:
            return
        message.turn(before=DeliveryStatus.DEFERRED, after=DeliveryStatus.EXPIRED, at_us=at_us)
        self._change(message)

    def _refused(self, host: HostState, at_us: int, event: said.Refused) -> None:
        self._change(refuse(host, at_us, event))

    def _held(self, host: HostState, at_us: int, event: said.Held) -> None:
        message = host.message(event.queue_id, at_us)
        message.turn(before=DeliveryStatus.DEFERRED, after=DeliveryStatus.HELD, at_us=at_us)
        self._change(message)

    def _released(self, host: HostState, at_us: int, event: said.Released) -> None:
        message = host.open.get(event.queue_id)
        if message is None:
            return
        message.turn(before=DeliveryStatus.HELD, after=DeliveryStatus.DEFERRED, at_us=at_us)
        self._change(message)

    def _removed(self, host: HostState, _at_us: int, event: said.Removed) -> None:
        host.open.pop(event[0], None)

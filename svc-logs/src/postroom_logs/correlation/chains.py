"""One message under several queue ids: content filters hand it back, hosts hand it on."""

from collections.abc import Callable, Mapping
from typing import Final

from postroom_logs.correlation.hosts import HostState
from postroom_logs.correlation.messages import Message
from postroom_logs.daemons.log_events import Accepted, Attempted, Filtered
from postroom_logs.daemons.replies import name_and_address

_EXPECTED: Final = 5_000
_QUEUED_AS: Final = "queued as "


def queued_as(text: str) -> str:
    """Return the queue id that a receiver's answer gives the message."""
    return text[text.rfind(_QUEUED_AS) + len(_QUEUED_AS) :].partition(" ")[0].rstrip(")")


class Chains:
    """Joins the queue ids of one message.

    The answer of any remote Postfix says `queued as`; it counts only where the receiver is a filter on this host or
    a host whose lines we read too.
    """

    def __init__(self, hosts: Mapping[str, HostState], changed: Callable[[Message], None]) -> None:
        """Join messages of *hosts*, and say of each whose rows are other now that it *changed*."""
        self._hosts = hosts
        self._changed = changed

    def hop(self, message: Message, attempt: Attempted) -> bool:
        """Tell whether an attempt was a step between two of our queues; join the two messages.

        False also when the next queue id is not known: then the attempt is the last thing the log says.
        """
        if attempt.agent not in {"smtp", "lmtp"} or _QUEUED_AS not in attempt.text:
            return False
        own = self._hosts[message.host]
        if "[127." in attempt.relay or "[::1]" in attempt.relay:
            return self._join(message, own.open.get(queued_as(attempt.text)))
        return len(self._hosts) > 1 and self._hop_to_host(message, attempt, own)

    def _hop_to_host(self, message: Message, attempt: Attempted, own: HostState) -> bool:
        receiver, queue_id = self._receiver(name_and_address(attempt.relay)[0], own), queued_as(attempt.text)
        if receiver is None:
            return False
        following = receiver.open.get(queue_id)
        if following is None:
            if len(receiver.expected) >= _EXPECTED:
                del receiver.expected[next(iter(receiver.expected))]
            receiver.expected[queue_id] = message
        return self._join(message, following)

    def _join(self, earlier: Message, following: Message | None) -> bool:
        if following is None or following is earlier:
            return False
        if following.message_id and earlier.message_id and following.message_id != earlier.message_id:
            return False
        self._follow(following, earlier)
        return True

    def _follow(self, following: Message, earlier: Message) -> None:
        if not following.has_predecessor:
            following.follow(earlier)
            if following.recipients:
                self._changed(following)

    def _receiver(self, relay: str, own: HostState) -> HostState | None:
        short = relay.partition(".")[0]
        for host in self._hosts.values():
            if host is not own and (host.name == relay or host.short_name == short):
                return host
        return None

    def accept(self, host: HostState, event: Accepted, message: Message) -> None:
        """Join a message that says where it comes from, or that another host announced."""
        earlier = host.open.get(event.original_queue_id or "")
        if earlier is not None and earlier is not message:
            message.follow(earlier)
            return
        announced = host.expected.pop(event.queue_id, None) if host.expected else None
        if announced is not None:
            message.follow(announced)
            message.take_over_rows(announced)
        elif event.original_client:
            message.client_name, message.client_address = name_and_address(event.original_client)

    def filter(self, host: HostState, event: Filtered) -> Message | None:
        """Join what amavis took with what it gave back; return the message it judged, if it is open."""
        earlier = host.open.get(event.queue_id or "")
        following = None
        for queue_id in event.queued_as:
            following = host.open.get(queue_id)
            if earlier is not None and following is not None:
                self._follow(following, earlier)
        return following or earlier

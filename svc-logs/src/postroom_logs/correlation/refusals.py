"""Answers of "no": to one recipient, or to a whole message of which the log names only one recipient."""

from typing import Final

from postroom_logs.correlation.deliveries import DeliveryStatus
from postroom_logs.correlation.hosts import HostState
from postroom_logs.correlation.messages import Message
from postroom_logs.daemons.log_events import Refused
from postroom_logs.daemons.replies import enhanced_code

_STATUS: Final = {
    "reject": DeliveryStatus.REJECTED,
    "discard": DeliveryStatus.DISCARDED,
    "hold": DeliveryStatus.HELD,
}


def refuse(host: HostState, at_us: int, event: Refused) -> Message:
    """Return the message that was refused, with the recipients it was refused for.

    Source: docs/promises.md#+logs-rejected
    """
    message = _message(host, at_us, event)
    names = [event.recipient or ""]
    if event.ends_message:
        names = _all_recipients(message, event)
        if event.action != "hold" and event.queue_id is not None:
            host.open.pop(event.queue_id, None)
    for name in names:
        recipient = message.recipient(name)
        recipient.turn(_STATUS[event.action], at_us=at_us)
        recipient.refusal = event.text
        recipient.refusal_dsn = enhanced_code(event.text)
    return message


def _message(host: HostState, at_us: int, event: Refused) -> Message:
    message = host.open.get(event.queue_id) if event.queue_id is not None else None
    if message is None:
        message = host.unqueued(event.queue_id or "", at_us)
        message.login, message.service = event.login, event.service
        message.client_name, message.client_address = event.client_name, event.client_address
        message.submitted = event.login is not None or event.service in {"submission", "submissions", "smtps"}
        if event.queue_id is not None and event.action == "hold":
            host.open[event.queue_id] = message
    elif message.client_address is None:
        message.client_name, message.client_address = event.client_name, event.client_address
    if message.sender is None:
        message.sender = event.sender
    return message


def _all_recipients(message: Message, event: Refused) -> list[str]:
    """Return everyone the message was for: the milter's line names one, the spam filter's line all."""
    names = [event.recipient] if event.recipient else []
    if message.scan is not None:
        names += [name for name in message.scan.recipients.split(",") if name and name not in names]
    refused_before = {
        name for name, recipient in message.recipients.items() if recipient.status is DeliveryStatus.REJECTED
    }
    return [name for name in names if name not in refused_before] or [""]

"""What a correlator knows, as bytes, so that a restart splits no message.

Take `Correlator.changes` before: what was not taken yet is not part of the state.
"""

import json
import zlib
from typing import Any, Final

from pydantic_core import to_json

from postroom_logs.correlation.correlator import Correlator
from postroom_logs.correlation.deliveries import Attempt, DeliveryStatus
from postroom_logs.correlation.hosts import HostState
from postroom_logs.correlation.messages import Message, Recipient
from postroom_logs.correlation.outcomes import Asker, Outcome
from postroom_logs.daemons.log_events import Attempted, Scanned

VERSION: Final = 1


def dump_state(correlator: Correlator) -> bytes:
    """Return everything that *correlator* knows of messages that are not over."""
    writer = _Writer()
    state = {
        "version": VERSION,
        "hosts": [
            {
                "name": host.name,
                "serial": host.serial,
                "children": host.children,
                "open": {queue_id: writer.number(message) for queue_id, message in host.open.items()},
                "expected": {queue_id: writer.number(message) for queue_id, message in host.expected.items()},
            }
            for host in correlator.hosts.values()
        ],
        "redirections": correlator.redirections,
        "acted": {
            name: [vars(outcome) for outcome in outcomes] for name, outcomes in correlator.hand_overs.acted.items()
        },
        "asked": {
            name: [writer.asker(asker) for asker in askers] for name, askers in correlator.hand_overs.asked.items()
        },
    }
    state["messages"] = writer.messages
    return zlib.compress(to_json(state), 1)


def restore_state(data: bytes) -> Correlator:
    """Return a correlator that knows what another one dumped.

    Raises:
        ValueError: Another version of the program dumped it.
    """
    state = json.loads(zlib.decompress(data))
    if state["version"] != VERSION:
        raise ValueError("the state of another version")
    messages = [_message(values) for values in state["messages"]]
    correlator = Correlator()
    for values in state["hosts"]:
        host = correlator.hosts[values["name"]] = HostState(values["name"])
        host.serial, host.children = values["serial"], values["children"]
        host.open = {queue_id: messages[number] for queue_id, number in values["open"].items()}
        host.expected = {queue_id: messages[number] for queue_id, number in values["expected"].items()}
    correlator.redirections.update(state["redirections"])
    correlator.hand_overs.acted = {
        name: [_outcome(values) for values in outcomes] for name, outcomes in state["acted"].items()
    }
    correlator.hand_overs.asked = {
        name: [_asker(values, messages) for values in askers] for name, askers in state["asked"].items()
    }
    return correlator


class _Writer:
    """Numbers messages, so that one that is referred to twice stays one."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self._numbers: dict[int, int] = {}

    def number(self, message: Message) -> int:
        number = self._numbers.get(id(message))
        if number is None:
            number = self._numbers[id(message)] = len(self.messages)
            values = {name: value for name, value in vars(message).items() if name != "recipients"}
            values["recipients"] = [_recipient_values(recipient) for recipient in message.recipients.values()]
            self.messages.append(values)
        return number

    def asker(self, asker: Asker[tuple[Message, str]]) -> list[Any]:
        message, name = asker.name
        return [self.number(message), name, asker.user, vars(asker.outcome) if asker.outcome else None]


def _recipient_values(recipient: Recipient) -> dict[str, Any]:
    values = dict(vars(recipient))
    values["attempts"] = [[attempt.at_us, *attempt.said] for attempt in recipient.attempts]
    if recipient.outcome is not None:
        values["outcome"] = vars(recipient.outcome)
    return values


def _message(values: dict[str, Any]) -> Message:
    message = Message(values["host"], values["queue_id"], values["first_us"], 0)
    recipients = [_recipient(recipient) for recipient in values.pop("recipients")]
    vars(message).update(values)
    message.queue_ids = tuple(message.queue_ids)
    message.notes = tuple((at_us, who, what) for at_us, who, what in message.notes)
    if message.scan is not None:
        message.scan = Scanned(*message.scan)
    message.recipients = {recipient.name: recipient for recipient in recipients}
    return message


def _recipient(values: dict[str, Any]) -> Recipient:
    recipient = Recipient(values["name"])
    vars(recipient).update(values)
    recipient.attempts = tuple(Attempt(at_us, Attempted(*said)) for at_us, *said in values["attempts"])
    recipient.status = DeliveryStatus(recipient.status)
    if values.get("outcome") is not None:
        recipient.outcome = _outcome(values["outcome"])
    return recipient


def _outcome(values: dict[str, Any]) -> Outcome:
    outcome = Outcome(values["user"])
    vars(outcome).update(values)
    outcome.forwarded_to = tuple(outcome.forwarded_to)
    return outcome


def _asker(values: list[Any], messages: list[Message]) -> Asker[tuple[Message, str]]:
    number, name, user, outcome = values
    return Asker((messages[number], name), user=user, outcome=_outcome(outcome) if outcome else None)

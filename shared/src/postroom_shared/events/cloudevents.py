"""CloudEvents 1.0 on NATS: pure functions between an `Event` and headers + body.

Written in binary mode (attributes as `ce-` headers, data as body); binary and structured mode are read.

Source: CloudEvents 1.0.2, and its NATS protocol binding §3.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from urllib.parse import quote, unquote
from uuid import UUID

from postroom_shared.events.errors import MalformedEventError

D = TypeVar("D")
E = TypeVar("E")

NO_ORGANISATION = "none"
STRUCTURED = "application/cloudevents+json"
_JSON = "application/json"
_KEPT = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')


@dataclass(frozen=True, kw_only=True, slots=True)
class Event(Generic[D]):
    """One fact that a service published.

    Attributes:
        id: The same at every delivery of the same event; consumers remember it in their inbox.
        source: The publisher, `/postroom/import`.
        time: When the publisher's transaction recorded it; aware UTC.
        organisation_id: Whose it is; None when it concerns no organisation.
        subject_id: The thing it is about; `EventPayload.about` says what kind of thing.
        traceparent: W3C trace context of the request that caused it.
        sequence: The publisher's own order; grows with each of its events, may have gaps.
        data: The payload model for handlers, a JSON object before it is read.
    """

    id: UUID
    type: str
    source: str
    time: datetime
    organisation_id: UUID | None
    subject_id: str | None
    data: D
    traceparent: str | None = None
    sequence: int | None = None

    @property
    def subject(self) -> str:
        """The NATS subject: the type and the organisation's id, or `none`."""
        return subject_of(self.type, self.organisation_id)

    def holding(self, data: E) -> "Event[E]":
        """Return the same event with *data* in place of its own."""
        return replace(self, data=data)  # type: ignore[return-value, arg-type]  # replace() keeps D, we change it


@dataclass(frozen=True, slots=True)
class Message:
    """What travels: a NATS subject, headers and a body."""

    subject: str
    headers: dict[str, str]
    body: bytes


def subject_of(event_type: str, organisation_id: UUID | None) -> str:
    """Return the NATS subject that events of this type and organisation have."""
    return f"{event_type}.{organisation_id or NO_ORGANISATION}"


def encode_headers(event: Event[Any]) -> dict[str, str]:
    """Return the headers of *event* in binary mode, `Nats-Msg-Id` among them."""
    attributes = {
        "ce-specversion": "1.0",
        "ce-id": str(event.id),
        "ce-source": event.source,
        "ce-type": event.type,
        "ce-time": event.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "ce-subject": event.subject_id,
        "ce-organisationid": str(event.organisation_id) if event.organisation_id else None,
        "ce-sequence": str(event.sequence) if event.sequence is not None else None,
        "ce-datacontenttype": _JSON,
        "content-type": _JSON,
        "traceparent": event.traceparent,
        "Nats-Msg-Id": str(event.id),
    }
    return {name: quote(value, safe=_KEPT) for name, value in attributes.items() if value is not None}


def encode_data(data: Mapping[str, Any]) -> bytes:
    """Return *data* as compact JSON."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def encode(event: Event[dict[str, Any]]) -> Message:
    """Return *event* as it travels, in binary mode."""
    return Message(event.subject, encode_headers(event), encode_data(event.data))


def decode(headers: Mapping[str, str] | None, body: bytes, *, subject: str) -> Event[dict[str, Any]]:
    """Read a message of either mode; extensions that are not ours are ignored.

    Args:
        headers: Any case; None as nats-py gives it for a message without.
        body: The data, or the whole event in structured mode.
        subject: Where the message was published. NATS checked that the publisher may use it, so the type and the
            organisation that the message claims must agree with it.

    Raises:
        MalformedEventError: An attribute is missing or not readable, or the subject says something else.
    """
    lowered = {name.lower(): unquote(value.strip()) for name, value in (headers or {}).items()}
    if lowered.get("content-type", "").lower().startswith(STRUCTURED):
        attributes, data = _structured(body)
    else:
        attributes = {name[3:]: value for name, value in lowered.items() if name.startswith("ce-")}
        data = _object(body)
    attributes.setdefault("traceparent", lowered.get("traceparent"))
    event = _event(attributes, data)
    if event.subject != subject:
        raise MalformedEventError(f"an event of {event.subject} came on another subject")
    return event


def _structured(body: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    attributes = _object(body)
    data = attributes.pop("data", {})
    if not isinstance(data, dict):
        raise MalformedEventError("data is not a JSON object")
    return attributes, data


def _object(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body or b"{}")
    except ValueError as error:
        raise MalformedEventError("the body is not JSON") from error
    if not isinstance(data, dict):
        raise MalformedEventError("the body is not a JSON object")
    return data


def _event(attributes: Mapping[str, Any], data: dict[str, Any]) -> Event[dict[str, Any]]:
    if str(attributes.get("specversion", "")).split(".")[0] != "1":
        raise MalformedEventError("specversion is not 1.x")
    return Event(
        id=_required(attributes, "id", UUID),
        type=_required(attributes, "type", str),
        source=_required(attributes, "source", str),
        time=_required(attributes, "time", _moment),
        organisation_id=_optional(attributes, "organisationid", UUID),
        subject_id=_optional(attributes, "subject", str),
        traceparent=_optional(attributes, "traceparent", str),
        sequence=_optional(attributes, "sequence", int),
        data=data,
    )


def _required(attributes: Mapping[str, Any], name: str, parse: Callable[[str], E]) -> E:
    value = _optional(attributes, name, parse)
    if value is None:
        raise MalformedEventError(f"the attribute {name} is missing")
    return value


def _optional(attributes: Mapping[str, Any], name: str, parse: Callable[[str], E]) -> E | None:
    value = attributes.get(name)
    if value is None or value == "":
        return None
    try:
        return parse(str(value))
    except ValueError as error:
        raise MalformedEventError(f"the attribute {name} cannot be read") from error


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without offset")
    return moment.astimezone(UTC)

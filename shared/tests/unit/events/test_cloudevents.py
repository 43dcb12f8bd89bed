"""The codec between events and NATS messages."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_shared.events.cloudevents import Event, decode, encode
from postroom_shared.events.errors import MalformedEventError
from postroom_shared.values import uuid7

ORGANISATION = UUID("0197a5d8-0000-7000-8000-000000000001")
TYPE = "postroom.import.job.completed.v1"
SUBJECT = f"{TYPE}.{ORGANISATION}"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def event_with(data: dict[str, Any], **changes: Any) -> Event[dict[str, Any]]:
    attributes: dict[str, Any] = {
        "id": uuid7(),
        "type": TYPE,
        "source": "/postroom/import",
        "time": datetime(2026, 11, 25, 10, 0, tzinfo=UTC),
        "organisation_id": ORGANISATION,
        "subject_id": "0197a5d8-0000-7000-8000-00000000000a",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "sequence": 7,
    }
    return Event(**{**attributes, **changes}, data=data)


@given(
    data=st.dictionaries(st.text(), json_values, max_size=5),
    subject_id=st.none() | st.text(min_size=1).filter(lambda text: text == text.strip()),
    organisation_id=st.none() | st.uuids(),
)
def test_what_is_encoded_is_decoded_again(
    data: dict[str, Any], subject_id: str | None, organisation_id: UUID | None
) -> None:
    event = event_with(data, subject_id=subject_id, organisation_id=organisation_id)

    message = encode(event)

    assert decode(message.headers, message.body, subject=message.subject) == event
    assert all(value.isascii() and value.isprintable() and " " not in value for value in message.headers.values())


def test_a_message_carries_the_attributes_as_headers_and_the_data_as_body() -> None:
    event = event_with({"copied": 3})

    message = encode(event)

    assert message.subject == SUBJECT
    assert message.headers["ce-id"] == message.headers["Nats-Msg-Id"] == str(event.id)
    assert message.headers["ce-specversion"] == "1.0"
    assert message.headers["ce-time"] == "2026-11-25T10:00:00Z"
    assert message.headers["ce-organisationid"] == str(ORGANISATION)
    assert message.headers["content-type"] == "application/json"
    assert message.headers["traceparent"] == event.traceparent
    assert message.body == b'{"copied":3}'


def test_an_event_without_an_organisation_goes_to_the_subject_none() -> None:
    message = encode(event_with({}, organisation_id=None))

    assert message.subject == f"{TYPE}.none"
    assert "ce-organisationid" not in message.headers


def test_structured_mode_is_read_too() -> None:
    event = event_with({"copied": 3})
    body = {
        "specversion": "1.0",
        "id": str(event.id),
        "type": TYPE,
        "source": event.source,
        "time": "2026-11-25T11:00:00+01:00",
        "subject": event.subject_id,
        "organisationid": str(ORGANISATION),
        "traceparent": event.traceparent,
        "sequence": "7",
        "data": {"copied": 3},
    }
    headers = {"Content-Type": "application/cloudevents+json; charset=utf-8"}

    assert decode(headers, json.dumps(body).encode(), subject=SUBJECT) == event


def test_extensions_that_are_not_known_are_ignored() -> None:
    message = encode(event_with({}))
    headers = {**message.headers, "ce-partitionkey": "x", "ce-futureextension": "y", "X-Other": "z"}

    assert decode(headers, message.body, subject=SUBJECT) == decode(message.headers, message.body, subject=SUBJECT)


def test_names_of_headers_are_read_in_any_case() -> None:
    message = encode(event_with({}))
    headers = {name.upper(): value for name, value in message.headers.items()}

    assert decode(headers, message.body, subject=SUBJECT).type == TYPE


@pytest.mark.parametrize("missing", ["ce-specversion", "ce-id", "ce-type", "ce-source", "ce-time"])
def test_an_event_without_a_required_attribute_is_refused(missing: str) -> None:
    message = encode(event_with({}))
    headers = {name: value for name, value in message.headers.items() if name != missing}

    with pytest.raises(MalformedEventError):
        decode(headers, message.body, subject=SUBJECT)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("ce-id", "7"),
        ("ce-time", "yesterday"),
        ("ce-time", "2026-11-25T10:00:00"),
        ("ce-organisationid", "acme"),
        ("ce-specversion", "2.0"),
        ("ce-sequence", "first"),
    ],
)
def test_an_attribute_that_cannot_be_read_is_refused(header: str, value: str) -> None:
    message = encode(event_with({}))

    with pytest.raises(MalformedEventError):
        decode({**message.headers, header: value}, message.body, subject=SUBJECT)


@pytest.mark.parametrize("body", [b"not json", b"[1]", b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    message = encode(event_with({}))

    with pytest.raises(MalformedEventError):
        decode(message.headers, body, subject=SUBJECT)


@pytest.mark.parametrize(
    "subject",
    [
        f"{TYPE}.0197a5d8-0000-7000-8000-000000000002",
        f"{TYPE}.none",
        f"postroom.directory.address.changed.v1.{ORGANISATION}",
    ],
)
def test_an_event_that_claims_another_type_or_organisation_than_its_subject_is_refused(subject: str) -> None:
    message = encode(event_with({}))

    with pytest.raises(MalformedEventError):
        decode(message.headers, message.body, subject=subject)


def test_a_message_without_headers_is_refused() -> None:
    with pytest.raises(MalformedEventError):
        decode(None, b"{}", subject=SUBJECT)

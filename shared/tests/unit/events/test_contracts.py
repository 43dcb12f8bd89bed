"""Payload models, and reading those of a newer or older publisher."""

from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

import pytest
from pydantic import ValidationError

from postroom_shared.contracts.gateway import SessionEnd, SessionEndedV1
from postroom_shared.contracts.imports import ImportJobCompletedV1, ImportJobStartedV1
from postroom_shared.events.catalogue import catalogue, read
from postroom_shared.events.cloudevents import Event
from postroom_shared.events.errors import MalformedEventError
from postroom_shared.events.payload import EventPayload
from postroom_shared.values import uuid7

FORBIDDEN_WORDS = ("address", "mail", "password", "subject", "body", "name", "sender", "recipient")


def event_of(model: type[EventPayload], data: dict[str, Any]) -> Event[dict[str, Any]]:
    return Event(
        id=uuid7(),
        type=model.event_type,
        source="/postroom/test",
        time=datetime.now(UTC),
        organisation_id=None,
        subject_id=None,
        data=data,
    )


def test_the_catalogue_finds_every_payload_model_by_its_type() -> None:
    found = catalogue()

    assert found["postroom.import.job.completed.v1"] is ImportJobCompletedV1
    assert found["postroom.gateway.session.ended.v1"] is SessionEndedV1
    assert list(found) == sorted(found)
    assert all(event_type == model.event_type for event_type, model in found.items())


def test_no_payload_holds_an_address_or_content_in_a_string() -> None:
    strings = {
        f"{model.__name__}.{name}"
        for model in catalogue().values()
        for name, field in model.model_fields.items()
        if field.annotation is str and any(word in name for word in FORBIDDEN_WORDS)
    }

    assert strings == set()


def test_a_publisher_cannot_send_a_member_that_the_contract_does_not_have() -> None:
    with pytest.raises(ValidationError):
        ImportJobStartedV1.model_validate({"job_id": uuid7(), "target_address_id": uuid7(), "extra": 1})


def test_a_publisher_cannot_send_a_member_of_another_type() -> None:
    with pytest.raises(ValidationError):
        ImportJobStartedV1.model_validate({"job_id": str(uuid7()), "target_address_id": uuid7()})


def test_a_reader_ignores_members_that_a_newer_publisher_added() -> None:
    job, target = uuid7(), uuid7()
    data = {"job_id": str(job), "target_address_id": str(target), "added_later": {"deep": [1]}}

    event = read(event_of(ImportJobStartedV1, data), ImportJobStartedV1)

    assert event.data == ImportJobStartedV1(job_id=job, target_address_id=target)


def test_a_reader_accepts_what_an_older_publisher_did_not_have_yet() -> None:
    class NewerV1(EventPayload):
        event_type: ClassVar[str] = "postroom.test.thing.done.v1"
        about: ClassVar[str] = "thing"

        thing_id: UUID
        added_in_this_release: int | None = None

    thing = uuid7()

    event = read(event_of(NewerV1, {"thing_id": str(thing)}), NewerV1)

    assert event.data == NewerV1(thing_id=thing)


def test_what_is_written_as_json_is_read_again() -> None:
    payload = SessionEndedV1(session_id=uuid7(), person_id=uuid7(), reason=SessionEnd.REVOKED)

    assert read(event_of(SessionEndedV1, payload.model_dump(mode="json")), SessionEndedV1).data == payload


def test_data_that_does_not_fit_is_malformed_and_its_values_are_not_in_the_error() -> None:
    with pytest.raises(MalformedEventError) as refusal:
        read(event_of(ImportJobStartedV1, {"job_id": "secret"}), ImportJobStartedV1)

    assert "job_id" in str(refusal.value)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    "event_type",
    ["postroom.import.job.v1", "import.job.completed.v1", "postroom.import.job.completed", "postroom.a.b.c.v0", ""],
)
def test_a_type_that_breaks_the_naming_rule_cannot_be_declared(event_type: str) -> None:
    with pytest.raises(TypeError):
        type("Wrong", (EventPayload,), {"event_type": event_type, "about": "thing", "__annotations__": {}})


def test_a_payload_cannot_be_changed() -> None:
    payload = ImportJobStartedV1(job_id=uuid7(), target_address_id=uuid7())

    with pytest.raises(ValidationError):
        payload.job_id = uuid7()  # type: ignore[misc]  # what the test is about

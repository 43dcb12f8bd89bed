"""The document of all events."""

from typing import Any

from postroom_shared.events.asyncapi import document
from postroom_shared.events.catalogue import catalogue
from postroom_shared.manifest import ServiceManifest

PUBLISHERS = {model.publisher() for model in catalogue().values()}
MANIFESTS = [ServiceManifest(name=name, package="x", port_offset=0) for name in sorted(PUBLISHERS)]


def references(part: Any) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*(references(value) for value in part.values()), set())
    return set().union(*(references(item) for item in part), set()) if isinstance(part, list) else set()


def test_every_type_of_event_has_a_channel_a_message_and_an_operation() -> None:
    made = document(MANIFESTS, version="1.2.3")

    names = {model.__name__ for model in catalogue().values()}
    assert set(made["channels"]) == set(made["components"]["messages"]) == names
    assert {name.removeprefix("receive") for name in made["operations"]} == names
    assert made["channels"]["ImportJobCompletedV1"]["address"] == "postroom.import.job.completed.v1.{organisation_id}"


def test_every_reference_leads_somewhere() -> None:
    made = document(MANIFESTS, version="1.2.3")

    for reference in references(made):
        place: Any = made
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        assert place


def test_the_document_says_how_long_events_are_kept_and_how_to_connect() -> None:
    made = document(MANIFESTS, version="1.2.3")

    assert "30 days" in made["info"]["description"]
    assert "integrator-" in made["info"]["description"]
    assert all(channel["x-jetstream"]["retention"] == "P30D" for channel in made["channels"].values())


def test_readers_are_not_told_to_refuse_members_they_do_not_know() -> None:
    schemas = document(MANIFESTS, version="1.2.3")["components"]["schemas"]

    assert "additionalProperties" not in str(schemas)
    assert set(schemas["ImportJobCompletedV1"]["required"]) >= {"job_id", "copied", "already_there", "failed", "bytes"}


def test_the_document_is_the_same_each_time() -> None:
    assert str(document(MANIFESTS, version="1.2.3")) == str(document(list(reversed(MANIFESTS)), version="1.2.3"))

from uuid import UUID

from postroom_shared.contracts import directory
from postroom_shared.events.catalogue import catalogue
from postroom_shared.projection.events import EVENTS_OF
from postroom_shared.projection.states import STATE_OF, Kind
from postroom_shared.projection.tables import COPY_OF

EVENTS = {name: model for name, model in catalogue().items() if model.publisher() == "directory"}


def test_events_of_the_directory_hold_ids_and_versions_only() -> None:
    for model in EVENTS.values():
        for name, field in model.model_fields.items():
            assert (name == "id" or name.endswith("_id")) == (field.annotation is UUID), (model, name)
            assert name.endswith(("id", "version")), (model, name)


def test_every_event_about_a_copied_thing_makes_the_copy_stale() -> None:
    heard = {model.event_type for models in EVENTS_OF.values() for model in models}
    copied = {name for name in EVENTS if name.split(".")[2] in set(Kind)}

    assert heard == copied
    assert directory.RedirectionCreatedV1.event_type not in heard


def test_a_copy_holds_exactly_what_its_state_tells() -> None:
    for kind in Kind:
        columns = {column.name for column in COPY_OF[kind].__table__.columns}
        assert columns == set(STATE_OF[kind].model_fields), kind

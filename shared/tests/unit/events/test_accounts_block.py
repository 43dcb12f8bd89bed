"""The text of the NATS permissions."""

from uuid import UUID

import pytest

from postroom_shared.events.consumer import Consumer
from postroom_shared.events.permissions import Integrator, accounts_block
from postroom_shared.manifest import ServiceManifest

DIRECTORY = ServiceManifest(name="directory", package="x", port_offset=1)
GUARD = ServiceManifest(name="smtp-guard", package="x", port_offset=4, consumes=("directory",), work_queue=True)
GATEWAY = ServiceManifest(name="gateway", package="x", port_offset=0)
KEYS = {"directory": "UDIRECTORY", "smtp-guard": "UGUARD", "gateway": "UGATEWAY"}
ORGANISATION = UUID("0197a5d8-0000-7000-8000-000000000001")
PROGRAMS = [
    Integrator(id=UUID(int=number), organisation_id=ORGANISATION, public_key=f"UPROGRAM{number}") for number in (1, 2)
]


def line_of(block: str, key: str) -> str:
    return next(line for line in block.splitlines() if f'"{key}"' in line)


def test_the_block_does_not_depend_on_the_order_of_what_it_is_made_from() -> None:
    one = accounts_block([DIRECTORY, GUARD, GATEWAY], service_keys=KEYS, integrators=PROGRAMS)
    other = accounts_block([GATEWAY, GUARD, DIRECTORY], service_keys=KEYS, integrators=reversed(PROGRAMS))

    assert one == other


def test_a_service_with_a_hyphen_has_it_in_subjects_and_an_underscore_in_streams() -> None:
    rules = line_of(accounts_block([DIRECTORY, GUARD], service_keys=KEYS), "UGUARD")

    assert '"postroom.smtp-guard.>"' in rules
    assert '"postroom-work.smtp-guard.>"' in rules
    assert '"$JS.API.STREAM.CREATE.POSTROOM_WORK_SMTP_GUARD"' in rules
    assert '"$JS.API.CONSUMER.MSG.NEXT.POSTROOM_DIRECTORY.smtp-guard-directory"' in rules


def test_a_service_without_a_work_queue_or_consumption_has_no_rules_for_them() -> None:
    rules = line_of(accounts_block([DIRECTORY, GUARD], service_keys=KEYS), "UDIRECTORY")

    assert "postroom-work" not in rules
    assert "SMTP_GUARD" not in rules


def test_only_the_keeper_may_make_consumers_of_programs() -> None:
    block = accounts_block([DIRECTORY, GUARD, GATEWAY], service_keys=KEYS, integrators=PROGRAMS)

    assert PROGRAMS[0].consumer in line_of(block, "UGATEWAY")
    assert PROGRAMS[0].consumer not in line_of(block, "UDIRECTORY")


def test_programs_do_not_see_services_that_are_hidden_from_them() -> None:
    block = accounts_block(
        [DIRECTORY, GUARD], service_keys=KEYS, integrators=PROGRAMS, hidden={"smtp-guard"}, keeper="directory"
    )

    assert f"postroom.directory.*.*.*.{ORGANISATION}" in line_of(block, "UPROGRAM1")
    assert "smtp-guard" not in line_of(block, "UPROGRAM1")
    assert "SMTP_GUARD" not in line_of(block, "UPROGRAM1")


def test_programs_of_one_organisation_share_its_account_and_not_their_consumers() -> None:
    block = accounts_block([DIRECTORY], service_keys=KEYS, integrators=PROGRAMS)

    assert block.count(f'"ORGANISATION-{ORGANISATION}": {{') == 1
    assert PROGRAMS[1].consumer not in line_of(block, "UPROGRAM1")


def test_a_service_without_a_key_is_an_error() -> None:
    with pytest.raises(KeyError):
        accounts_block([DIRECTORY, GUARD], service_keys={"directory": "UDIRECTORY"})


def test_a_consumer_has_one_of_the_names_that_permissions_foresee() -> None:
    Consumer("smtp-guard", "POSTROOM_DIRECTORY", "directory", {})

    with pytest.raises(ValueError, match="CONSUMER_NAMES"):
        Consumer("smtp-guard", "POSTROOM_DIRECTORY", "mine", {})

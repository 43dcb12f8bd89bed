"""The promises of the mailbox copy, kept by the whole suite through its public API."""

import asyncio
import os
import sys
from collections.abc import Collection
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from postroom.public_api import ApiProblemError, PublicApi
from postroom_import.testkit.looking import SeenFolder
from postroom_import.testkit.made_mailboxes import MadeMailbox, make_mailbox

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "subscribe_imports.py"
NESTED = ("Projets/Équipe/2026", "Projets/Équipe/2026/Été", "Archives client/Zürich")


def _fifteen_folders(*, messages: int) -> MadeMailbox:
    made = make_mailbox(15, messages=messages, largest=20_000)
    folders = {name: list(each) for name, each in made.folders.items()}
    for name, donor in zip(NESTED, ("INBOX", "Sent", "Größe"), strict=True):
        half = len(folders[donor]) // 2
        folders[name], folders[donor] = folders[donor][half:], folders[donor][:half]
    return MadeMailbox(folders, made.subscribed)


def _each_content_once(folder: SeenFolder) -> dict[str, object]:
    """Return octets, size, flags with keywords, and date of the first message of each content."""
    kept: dict[str, object] = {}
    for message in folder.messages:
        kept.setdefault(message.digest, message.without_uid)
    return kept


def _caught(folder: Path) -> list[EmailMessage]:
    return [message_from_bytes(file.read_bytes(), policy=default) for file in sorted(folder.glob("*.eml"))]


async def _confirmations(folder: Path, addresses: Collection[str]) -> dict[str, EmailMessage]:
    """Return the first caught mail to each of *addresses*, once there is one."""
    found: dict[str, EmailMessage] = {}
    async with asyncio.timeout(30):
        while len(found) < len(addresses):
            for mail in _caught(folder):
                if (recipient := mail["X-Postroom-Envelope-To"]) in addresses:
                    found.setdefault(recipient, mail)
            await asyncio.sleep(0.2)
    return found


async def test_two_thousand_messages_in_fifteen_folders_are_copied_with_their_whole_tree(
    suite: Any, owner: PublicApi
) -> None:
    """Source: docs/promises.md#import-whole-tree, #import-untouched, #import-dedupe, #import-confirmation."""
    source, target = suite.new_address(owner), suite.new_address(owner)
    mailbox = _fifteen_folders(messages=2000)
    await suite.fill(source["address"], mailbox)
    before = await suite.look(source["address"])

    states = await asyncio.to_thread(suite.copy, owner, suite.local(source), target)

    last = states[-1]
    assert last["state"] == "completed"
    assert last["progress"]["messages_total"] == mailbox.messages == 2000
    assert last["progress"]["copied"] == mailbox.distinct
    assert last["progress"]["already_there"] == mailbox.messages - mailbox.distinct
    assert any(0 < each["progress"]["messages_done"] < 2000 for each in states)
    both = (source["address"], target["address"])
    for mail in (await _confirmations(suite.launcher.folder / "caught-mail", both)).values():
        assert mail["Content-Language"] == "fr"
        assert f"{mailbox.distinct} messages copiés" in mail["Subject"]
    for address in both:
        await suite.delete_confirmation(address)
    unchanged = await suite.look(source["address"])
    assert {name: unchanged[name] for name in before} == before
    after = await suite.look(target["address"])
    for name, folder in before.items():
        held = _each_content_once(after[name])
        assert held == _each_content_once(folder), name
        assert len(held) == len(after[name].messages), name
        assert after[name].is_subscribed >= folder.is_subscribed, name

    again = await asyncio.to_thread(suite.copy, owner, suite.local(source), target)

    assert again[-1]["progress"]["copied"] == 0


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"surprise": 1}, "shared/payload"),
        ({"target_address_id": "01890000-0000-7000-8000-000000000000"}, "import/target-not-attached"),
        ({"source": {"kind": "local", "address": "jean@example.com", "password": "wrong"}}, "import/wrong-password"),
        (
            {"source": {"kind": "external", "host": "10.0.0.1", "login": "x", "password": "x"}},
            "shared/host-refused",
        ),
        ({"source": {"kind": "local", "address": "x@example.invalid", "password": "x"}}, "import/not-local"),
    ],
    ids=["unknown field", "foreign id", "wrong password", "private network", "another mail server"],
)
def test_bad_input_is_a_problem_with_a_stable_type(
    suite: Any, owner: PublicApi, changes: dict[str, Any], problem: str
) -> None:
    target = next(each for each in owner.call("GET", "/v1/me")["addresses"])
    body = {
        "source": {"kind": "local", "address": "jean@example.com", "password": "x"},
        "target_address_id": target["address_id"],
        **changes,
    }

    with pytest.raises(ApiProblemError) as refusal:
        owner.call("POST", "/v1/imports", body)

    assert refusal.value.type == f"urn:postroom:problem:{problem}"


def test_the_first_copy_of_the_demo_is_there_for_managers_and_hidden_from_others(suite: Any) -> None:
    """Source: docs/promises.md#roles."""
    with suite.api("administrator") as administrator, suite.api("owner") as owner, suite.api("guest") as guest:
        copies = administrator.items("/v1/imports", state="completed")
        copy = next(each for each in copies if each["sources"][0]["login"] == "jean@example.com")

        assert owner.call("GET", f"/v1/imports/{copy['id']}")["state"] == "completed"
        assert copy["progress"]["already_there"] > 0
        with pytest.raises(ApiProblemError) as refusal:
            guest.call("GET", f"/v1/imports/{copy['id']}")
        assert refusal.value.status == 404


def test_a_mailbox_is_not_copied_onto_itself(suite: Any, owner: PublicApi) -> None:
    """Source: docs/promises.md#import-not-itself."""
    target = next(each for each in owner.call("GET", "/v1/me")["addresses"] if each["address"] == "anna@example.com")
    body = {
        "source": {"kind": "local", "address": "direction@example.com", "password": "not needed"},
        "target_address_id": target["address_id"],
    }

    with pytest.raises(ApiProblemError) as refusal:
        owner.call("POST", "/v1/imports", body)

    assert refusal.value.type == "urn:postroom:problem:import/same-mailbox"


async def test_the_example_program_of_integrators_is_told_of_the_finished_copy(suite: Any, tmp_path: Path) -> None:
    nats = suite.credentials["nats"]
    seed_file = tmp_path / "integrator.nk"
    seed_file.write_text(nats["seed"])
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, str(EXAMPLE)),
        env={
            "PATH": os.environ["PATH"],
            "NATS_URL": nats["url"],
            "NATS_SEED_FILE": str(seed_file),
            "POSTROOM_INTEGRATOR": nats["integrator"],
        },
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(30):
            told = (await program.stdout.readline()).decode() if program.stdout else ""
    finally:
        program.kill()
        await program.wait()

    with suite.api("administrator") as api:
        ids = [each["id"] for each in api.items("/v1/imports")]
    assert any(each in told for each in ids)


async def test_the_whole_suite_needs_less_than_a_gigabyte(suite: Any) -> None:
    status = await suite.launcher.json("status")

    assert {each["health"] for each in status["processes"]} == {"ready"}
    assert status["memory_bytes"] is None or status["memory_bytes"] < 1_000_000_000

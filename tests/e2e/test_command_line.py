"""The operators' commands against the whole suite, as a person and as a script use them."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from postroom.command_line.exit_codes import ExitCode
from postroom.command_line.testkit import CommandLine, Ended
from postroom.public_api import ApiProblemError, PublicApi
from postroom_import.testkit.made_mailboxes import make_mailbox
from postroom_shared.localservers.ports import free_port

PASSWORD = "a mailbox of the tests"
MESSAGES = 600
CTRL_C = "\x03"
PROGRESS = r"dossier \d+/\d+.* \d+/6\d\d .*/s"


@dataclass(frozen=True)
class Person:
    """Somebody at a command line, signed in as the owner of the demo."""

    cli: CommandLine
    source: str
    distinct: int

    def copy_to(self, target: str, *more: str) -> tuple[str, ...]:
        """Return the words of a copy from the mailbox of these tests."""
        return ("import", "run", "--from", self.source, "--to", target, *more)


@contextlib.contextmanager
def _worker_held(pid: int) -> Iterator[None]:
    """Let copies wait meanwhile, however fast they are."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _sign_in_of(suite: Any, role: str) -> dict[str, str]:
    return next(each for each in suite.credentials["sign_ins"] if each["role"] == role)


async def _signed_in(suite: Any, home: Path, role: str = "owner") -> CommandLine:
    cli, who = CommandLine(home), _sign_in_of(suite, role)
    words = ("login", "--url", suite.launcher.url, "--email", who["email"], "--password-file", "-")
    ended = await cli.run(*words, typed=who["password"])
    assert ended.exit_code == ExitCode.DONE, ended
    return cli


@pytest.fixture
def anew(suite: Any, owner: PublicApi) -> str:
    """A fresh address to copy to."""
    return str(suite.known_address(owner)["address"])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def person(suite: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Person]:
    mailbox = make_mailbox(61, messages=MESSAGES, largest=20_000)
    with suite.api("owner") as owner:
        source = suite.known_address(owner)["address"]
    await suite.fill(source, mailbox)
    home = tmp_path_factory.mktemp("home")
    cli = await _signed_in(suite, home)
    (home / "password").write_text(PASSWORD + "\n")
    yield Person(cli, source, mailbox.distinct)
    await cli.run("logout")


async def test_signing_in_keeps_a_token_that_only_its_owner_reads_and_signing_out_revokes_it(
    suite: Any, tmp_path: Path
) -> None:
    cli = await _signed_in(suite, tmp_path)
    kept = json.loads(cli.sign_in_file.read_text())
    listed = await cli.run("import", "list")
    out = await cli.run("logout")

    assert cli.sign_in_file.parent.stat().st_mode & 0o777 == 0o700
    assert kept["organisation"] == "Example SA"
    assert listed.exit_code == ExitCode.DONE
    assert "jean@example.com" in listed.output
    assert (out.exit_code, out.records[0]["event"]) == (ExitCode.DONE, "signed_out")
    assert not cli.sign_in_file.exists()
    with PublicApi(suite.launcher.url, token=kept["token"]) as api, pytest.raises(ApiProblemError) as refusal:
        api.call("GET", "/v1/imports")
    assert refusal.value.status == 401


async def test_the_kept_file_is_closed_to_others_and_a_second_sign_in_revokes_the_first_token(
    suite: Any, tmp_path: Path
) -> None:
    cli = await _signed_in(suite, tmp_path)
    first = json.loads(cli.sign_in_file.read_text())

    await _signed_in(suite, tmp_path)

    second = json.loads(cli.sign_in_file.read_text())
    assert cli.sign_in_file.stat().st_mode & 0o777 == 0o600
    assert second["token_id"] != first["token_id"]
    assert (await cli.run("import", "list")).exit_code == ExitCode.DONE
    old = await CommandLine(tmp_path / "nobody").run(
        "import", "list", POSTROOM_URL=suite.launcher.url, POSTROOM_TOKEN=first["token"]
    )
    assert old.exit_code == ExitCode.NOT_ALLOWED
    await cli.run("logout")


async def test_at_a_terminal_signing_in_asks_for_what_it_was_not_told(suite: Any, tmp_path: Path) -> None:
    cli, who = CommandLine(tmp_path, LANG="fr_FR.UTF-8"), _sign_in_of(suite, "member")
    terminal = await cli.at_terminal("login", "--url", suite.launcher.url, "--days", "1")
    await terminal.until("E-mail : ")
    terminal.type(f"{who['email']}\n")
    await terminal.until(f"Mot de passe de {who['email']} : ")
    terminal.type(f"{who['password']}\n")
    ended = await terminal.end()

    assert ended.exit_code == ExitCode.DONE, ended
    assert who["password"] not in ended.output
    assert f"{who['email']} est connecté à {suite.launcher.url}, agit dans Example SA, jusqu'au " in ended.output
    await cli.run("logout")


async def test_two_sign_ins_at_once_leave_one_whole_file(suite: Any, tmp_path: Path) -> None:
    await asyncio.gather(_signed_in(suite, tmp_path), _signed_in(suite, tmp_path, "administrator"))

    cli = CommandLine(tmp_path)
    assert json.loads(cli.sign_in_file.read_text())["email"] in {"anna@example.com", "marie@example.com"}
    assert list(cli.sign_in_file.parent.iterdir()) == [cli.sign_in_file]
    await cli.run("logout")


async def test_a_script_gets_json_lines_with_the_progress_and_the_end(person: Person, anew: str) -> None:
    """Source: docs/promises.md#import-dedupe."""
    words = person.copy_to(anew, "--password-file", "-")

    first = await person.cli.run(*words, typed=PASSWORD)
    again = await person.cli.run(*words, typed=PASSWORD)

    assert first.exit_code == ExitCode.DONE, first
    assert [each["event"] for each in first.records[:2]] == ["accepted", "progress"]
    end = first.records[-1]
    # Confirmations of the copies of other tests have come into the source meanwhile.
    assert (end["event"], end["state"], end["copied"] >= person.distinct) == ("summary", "completed", True)
    assert end["duration_s"] > 0
    assert again.records[-1]["copied"] < 20
    assert first.errors == again.errors == ""


async def test_a_person_is_asked_for_the_password_without_echo_and_sees_the_progress(person: Person, anew: str) -> None:
    terminal = await person.cli.at_terminal(*person.copy_to(anew), LANG="fr_CH.UTF-8")
    await terminal.until(f"Mot de passe de {person.source} : ")
    terminal.type(f"{PASSWORD}\n")
    await terminal.until(PROGRESS)
    ended = await terminal.end()

    assert ended.exit_code == ExitCode.DONE, ended
    assert PASSWORD not in ended.output
    assert "Terminée : " in ended.output.splitlines()[-1]
    assert "0 en échec, en " in ended.output.splitlines()[-1]


async def test_a_wrong_password_is_told_with_its_remedy(person: Person, anew: str) -> None:
    words = person.copy_to(anew, "--password-file", "-")

    english = await person.cli.run(*words, typed="wrong", LANG="en_GB.UTF-8")
    french = await person.cli.run(*words, "--language", "fr", typed="wrong")

    assert english.exit_code == french.exit_code == ExitCode.USAGE
    assert "does not accept this password.\nGive the password of the address itself" in english.errors
    assert "n'accepte pas ce mot de passe.\nDonnez le mot de passe de l'adresse elle-même" in french.errors
    assert english.records[0]["problem"]["type"] == "urn:postroom:problem:import/wrong-password"


async def test_a_mailbox_is_not_copied_onto_itself(person: Person) -> None:
    """Source: docs/promises.md#import-not-itself."""
    ended = await person.cli.run(*person.copy_to(person.source, "--password-file", "-"), typed=PASSWORD)

    assert ended.exit_code == ExitCode.USAGE
    assert "Source and target are the same mailbox." in ended.errors


async def test_an_address_that_is_not_attached_is_told_with_those_that_are(person: Person) -> None:
    ended = await person.cli.run(*person.copy_to("paul@example.com", "--password-file", "-"), typed=PASSWORD)

    assert ended.exit_code == ExitCode.USAGE
    assert "paul@example.com is not attached to you here. Attached are: " in ended.errors
    assert "anna@example.com" in ended.errors


async def test_without_a_sign_in_it_says_how_to_get_one(suite: Any, tmp_path: Path) -> None:
    ended = await CommandLine(tmp_path).run("import", "list", "--url", suite.launcher.url, "--text")

    assert ended.exit_code == ExitCode.NOT_ALLOWED
    assert "Run `postroom login`" in ended.errors
    assert ended.output == ""


async def test_an_expired_token_is_told_as_one(suite: Any, owner: PublicApi, tmp_path: Path) -> None:
    expires_at = datetime.now(UTC) + timedelta(seconds=1)
    wish = {"name": "soon over", "scopes": ["imports.read"], "expires_at": expires_at.isoformat()}
    token = owner.call("POST", "/v1/api-tokens", wish)["secret"]
    cli = CommandLine(tmp_path, POSTROOM_URL=suite.launcher.url, POSTROOM_TOKEN=token)

    async with asyncio.timeout(30):
        while (ended := await cli.run("import", "list")).exit_code == ExitCode.DONE:
            await asyncio.sleep(0.1)

    assert ended.exit_code == ExitCode.NOT_ALLOWED
    assert "expired or was revoked" in ended.errors


async def test_a_token_that_covers_less_is_told_as_one(suite: Any, owner: PublicApi, tmp_path: Path) -> None:
    token = owner.call("POST", "/v1/api-tokens", {"name": "directory only", "scopes": ["directory.read"]})["secret"]
    cli = CommandLine(tmp_path, POSTROOM_URL=suite.launcher.url, POSTROOM_TOKEN=token)

    ended = await cli.run("import", "list")

    assert ended.exit_code == ExitCode.NOT_ALLOWED
    assert "does not cover this" in ended.errors


async def test_a_suite_that_does_not_answer_is_told_in_one_line(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"

    ended = await CommandLine(tmp_path, POSTROOM_TOKEN="postroom_x").run("import", "list", "--url", url, "--text")

    assert ended.exit_code == ExitCode.NOT_NOW
    assert ended.errors.startswith(f"postroom: {url} does not answer")
    assert len(ended.errors.splitlines()) == 1


async def test_two_commands_at_once_copy_side_by_side_and_the_same_copy_is_not_begun_twice(
    suite: Any, owner: PublicApi, person: Person, anew: str
) -> None:
    other = suite.known_address(owner)["address"]
    from_file = ("--password-file", str(person.cli.home / "password"))

    with _worker_held((await suite.launcher.pids())["import-work"]):
        running = [asyncio.create_task(person.cli.run(*person.copy_to(to, *from_file))) for to in (anew, other, anew)]
        done, waiting = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    refused = done.pop().result()
    ends = await asyncio.gather(*waiting)

    assert refused.exit_code == ExitCode.USAGE, refused
    assert "This copy is already under way." in refused.errors
    assert [each.exit_code for each in ends] == [ExitCode.DONE, ExitCode.DONE], ends
    assert {each.records[-1]["state"] for each in ends} == {"completed"}


async def test_the_command_goes_on_when_the_import_service_and_the_gateway_are_killed(
    suite: Any, person: Person, anew: str
) -> None:
    events: list[dict[str, Any]] = []
    pids = await suite.launcher.pids()
    os.kill(pids["import-work"], signal.SIGSTOP)
    process = await person.cli.start(*person.copy_to(anew, "--password-file", str(person.cli.home / "password")))
    assert process.stdout is not None
    async with asyncio.timeout(240):
        async for line in process.stdout:
            events.append(json.loads(line))
            if events[-1]["event"] == "progress" and "lost" not in {each["event"] for each in events}:
                for name in ("import", "import-work", "gateway"):
                    _kill(pids[name])
        code = await process.wait()

    assert code == ExitCode.DONE, events[-1]
    assert "lost" in {each["event"] for each in events}
    assert events[-1]["state"] == "completed"
    assert events[-1]["copied"] + events[-1]["already_there"] >= MESSAGES


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


async def _asked_whether_to_cancel(suite: Any, person: Person, target: str, *, answer: str) -> Ended:
    """Press Ctrl-C during a copy, answer the question, and return how the command ends."""
    words = person.copy_to(target, "--password-file", str(person.cli.home / "password"))
    with _worker_held((await suite.launcher.pids())["import-work"]):
        terminal = await person.cli.at_terminal(*words)
        await terminal.until("preparing")
        terminal.type(CTRL_C)
        await terminal.until("or cancel it")
        terminal.type(answer)
        return await terminal.end()


async def test_ctrl_c_asks_and_the_copy_is_cancelled_on_demand(suite: Any, person: Person, anew: str) -> None:
    ended = await _asked_whether_to_cancel(suite, person, anew, answer="c\n")

    assert ended.exit_code == ExitCode.NOT_WHOLE, ended
    assert "Cancelled: " in ended.output
    assert "Traceback" not in ended.output


async def test_a_second_ctrl_c_leaves_and_the_copy_goes_on(suite: Any, person: Person, anew: str) -> None:
    ended = await _asked_whether_to_cancel(suite, person, anew, answer=CTRL_C)

    assert ended.exit_code == ExitCode.LEFT, ended
    copy = ended.output.split("postroom import show ")[1].split("`")[0]
    async with asyncio.timeout(240):
        while json.loads((shown := await person.cli.run("import", "show", copy)).output)["state"] != "completed":
            await asyncio.sleep(0.5)
    text = await person.cli.run("import", "show", copy, "--text")
    assert f"{person.source} → {anew}" in text.output
    assert shown.exit_code == text.exit_code == ExitCode.DONE


async def test_an_interrupted_script_leaves_the_copy_alone(suite: Any, person: Person, anew: str) -> None:
    with _worker_held((await suite.launcher.pids())["import-work"]):
        process = await person.cli.start(*person.copy_to(anew, "--password-file", str(person.cli.home / "password")))
        assert process.stdout is not None
        accepted, _ = await process.stdout.readline(), await process.stdout.readline()
        process.send_signal(signal.SIGINT)
        output, errors = await process.communicate()

    assert process.returncode == ExitCode.LEFT
    last = json.loads(output.splitlines()[-1])
    assert (last["event"], last["id"]) == ("left", json.loads(accepted)["copy"]["id"])
    assert b"Traceback" not in errors


async def test_a_copy_that_is_not_waited_for_is_listed_and_cancelled(suite: Any, person: Person, anew: str) -> None:
    words = person.copy_to(anew, "--password-file", "-", "--no-wait")

    with _worker_held((await suite.launcher.pids())["import-work"]):
        asked = await person.cli.run(*words, typed=PASSWORD)
        copy = asked.records[0]["copy"]["id"]
        cancelled = await person.cli.run("import", "cancel", copy)
    async with asyncio.timeout(240):
        while copy not in (await person.cli.run("import", "list", "--state", "cancelled", "--text")).output:
            await asyncio.sleep(0.2)
    again = await person.cli.run("import", "cancel", copy)

    assert [asked.exit_code, cancelled.exit_code] == [ExitCode.DONE, ExitCode.DONE]
    assert again.exit_code == ExitCode.USAGE
    assert "there is nothing to cancel" in again.errors

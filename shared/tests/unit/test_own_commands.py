from argparse import ArgumentParser, Namespace
from pathlib import Path

import pytest
from pydantic_settings import SettingsConfigDict

from postroom_shared.command import run
from postroom_shared.manifest import ServiceManifest
from postroom_shared.service import Command, ServiceDefinition
from postroom_shared.settings import ServiceSettings


class NotesSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="POSTROOM_NOTES_")


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--status", type=int, required=True)


async def _carry_out(settings: NotesSettings, arguments: Namespace) -> int:
    print(f"port {settings.port}")  # noqa: T201 - what the command does
    return int(arguments.status)


DEFINITION = ServiceDefinition(
    manifest=ServiceManifest(name="notes", package="postroom_notes", port_offset=19),
    settings_type=NotesSettings,
    title="Notes",
    routers=(),
    commands=(Command(name="greet", help="say which port", arguments=_arguments, carry_out=_carry_out),),
)


@pytest.fixture
def _settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in (
        ("PORT", "7"),
        ("DATABASE_URL", "postgresql://notes:x1y2z3@127.0.0.1/postroom"),
        ("IDENTITY_KEY", "{}"),
        ("TRUSTED_KEYS_FILE", str(tmp_path)),
        ("MASTER_KEYS_FILE", str(tmp_path)),
    ):
        monkeypatch.setenv(f"POSTROOM_NOTES_{name}", value)


@pytest.mark.usefixtures("_settings")
def test_a_service_has_commands_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    run(DEFINITION, ["greet", "--status", "0"])

    assert capsys.readouterr().out == "port 7\n"


@pytest.mark.usefixtures("_settings")
def test_its_status_becomes_that_of_the_process() -> None:
    with pytest.raises(SystemExit) as ended:
        run(DEFINITION, ["greet", "--status", "3"])

    assert ended.value.code == 3


def test_an_option_too_few_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(DEFINITION, ["greet"])

    assert "--status" in capsys.readouterr().err

"""Each wheel is complete, installs without the others and starts alone."""

import json
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from postroom_shared.localservers.ports import free_port, http_status
from postroom_shared.localservers.postgres_roles import DatabaseRoles, create_database, drop_database, ensure_roles
from postroom_shared.localservers.process import Command, LocalProcess
from postroom_shared.manifest import ServiceManifest
from postroom_shared.testkit import TestNats, TestPostgres
from postroom_shared.testkit.databases import PASSWORD, TestDatabase
from postroom_shared.testkit.processes import StartService
from postroom_shared.testkit.services import TestIdentity

ROOT = Path(__file__).parents[2]
MEMBERS = {
    tomllib.loads(file.read_text())["project"]["name"]: file.parent
    for pattern in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]["members"]
    for file in sorted(ROOT.glob(f"{pattern}/pyproject.toml"))
}
READY_WITHIN_S = 120.0
WITHOUT_TIME_ZONES = {"PYTHONTZPATH": ""}
"""As in a slim container."""
THREE_WORDS = """
import sys
from importlib.metadata import entry_points
name = sys.argv[1]
(script,) = entry_points(group="console_scripts", name=name)
carry_out = script.load()
for word in ("settings", "openapi", "migrate"):
    sys.argv = [name, word]
    carry_out()
    print(end="\\0")
"""
"""What the program does with three words, in one process: each start of a service costs a second."""
ZONE = "import zoneinfo; zoneinfo.ZoneInfo('Europe/Zurich')"
SERVICES = sorted(entry.name for entry in entry_points(group="postroom.services"))


def _packed(member: Path) -> set[str]:
    """Return what of a member's source a wheel must hold."""
    source = member / "src"
    files = (file for file in source.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return {str(file.relative_to(source)) for file in files}


@pytest.mark.parametrize("distribution", sorted(MEMBERS))
def test_a_wheel_holds_all_its_source_its_types_and_its_licence(wheels: Any, distribution: str) -> None:
    with zipfile.ZipFile(wheels.of(distribution)) as wheel:
        names = set(wheel.namelist())
        licence = next(name for name in names if name.endswith(".dist-info/licenses/LICENSE"))
        metadata = wheel.read(next(name for name in names if name.endswith(".dist-info/METADATA"))).decode()
        packages = {name.partition("/")[0] for name in names if ".dist-info/" not in name}

        assert wheel.read(licence) == (ROOT / "LICENSE").read_bytes()
    assert "License-Expression: Apache-2.0" in metadata
    assert _packed(MEMBERS[distribution]) <= names
    assert packages == {distribution.replace("-", "_")}
    assert f"{distribution.replace('-', '_')}/py.typed" in names


@pytest.mark.parametrize("name", SERVICES)
def test_the_wheel_of_a_service_brings_its_migrations(
    wheels: Any, all_manifests: dict[str, ServiceManifest], name: str
) -> None:
    package = all_manifests[name].package
    with zipfile.ZipFile(wheels.of(f"postroom-{name}")) as wheel:
        files = wheel.namelist()

    assert f"{package}/migrations/env.py" in files
    assert any(file.startswith(f"{package}/migrations/versions/") for file in files)


def _names_time_zones(distribution: str) -> bool:
    return any("import zoneinfo" in text or "from zoneinfo" in text for text in _sources(MEMBERS[distribution]))


def _sources(member: Path) -> Iterator[str]:
    return (file.read_text() for file in (member / "src").rglob("*.py"))


@pytest.mark.parametrize("name", SERVICES)
async def test_a_service_installs_and_starts_alone(
    *,
    wheels: Any,
    all_manifests: dict[str, ServiceManifest],
    postgres: TestPostgres,
    nats_server: TestNats,
    servers_folder: Path,
    name: str,
) -> None:
    manifest = all_manifests[name]
    others = [each.package for each in all_manifests.values() if each is not manifest]
    database = await _empty_database(postgres, manifest)
    folder = servers_folder / f"alone-{name}"
    folder.mkdir()
    start = StartService(
        folder, database=database, nats=nats_server, identity=TestIdentity(folder, *sorted(all_manifests))
    )
    port = free_port()
    environment = start.environment(manifest, port=port, blob_directory=str(folder / "blobs")) | WITHOUT_TIME_ZONES

    alone = await wheels.installed(f"postroom-{name}")
    command = f"postroom-{name}"

    try:
        assert await alone.importable([*others, manifest.package, "postroom", "pytest"]) == {manifest.package}
        zone = await alone.run("python", "-c", ZONE, environment=WITHOUT_TIME_ZONES)
        assert zone.code == 0 or not _names_time_zones(f"postroom-{name}"), zone.errors
        ended = await alone.run("python", "-c", THREE_WORDS, command, environment=environment)
        assert ended.code == 0, ended.errors
        settings, openapi, *_ = ended.output.split("\0")
        assert f"`{manifest.env_prefix}DATABASE_URL`" in settings
        assert json.loads(openapi)["openapi"].startswith("3.1")
        await _serves(alone.program(command), folder, environment, port)
    finally:
        await drop_database(postgres.dsn, database.name)


async def _empty_database(postgres: TestPostgres, manifest: ServiceManifest) -> TestDatabase:
    database = TestDatabase(postgres.dsn, f"alone_{manifest.schema}_{free_port()}")
    await create_database(postgres.dsn, database.name)
    roles = DatabaseRoles(services={manifest.schema: PASSWORD}, mail_reader=PASSWORD)
    await ensure_roles(database.superuser_dsn, roles)
    return database


async def _serves(program: Path, folder: Path, environment: dict[str, str], port: int) -> None:
    command = Command(
        name=program.name,
        arguments=(str(program), "serve"),
        folder=folder,
        log_file=folder / "serve.log",
        environment=environment,
    )
    process = LocalProcess(command)
    await process.start()
    try:

        async def ready() -> bool:
            return await http_status(port, "/readyz") == 200

        await process.until_ready(ready, timeout_s=READY_WITHIN_S)
        assert await http_status(port, "/livez") == 200
    finally:
        await process.stop()


async def test_the_wheel_of_the_command_line_gives_the_command_and_says_what_is_missing(
    wheels: Any, all_manifests: dict[str, ServiceManifest], tmp_path: Path
) -> None:
    alone = await wheels.installed("postroom")
    environment = {"HOME": str(tmp_path)}

    helped = await alone.run("postroom", "--help", environment=environment)
    version = await alone.run("postroom", "--version", environment=environment)
    listed = await alone.run("postroom", "import", "list", environment=environment)
    refused = await alone.run("postroom", "up", "--data", str(tmp_path / "data"), environment=environment)

    assert await alone.importable([each.package for each in all_manifests.values()]) == set()
    assert "Copy mailboxes" in helped.output
    assert f"-{version.output.strip()}-" in wheels.of("postroom").name
    assert (listed.code, refused.code) == (3, 1)
    assert "pip install postroom[all]" in refused.errors

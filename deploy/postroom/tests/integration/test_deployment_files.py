"""The deployment files pass the validators of those they are for, and the mail servers' queries run on real views."""

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import asyncpg
import pytest

from postroom_shared.localservers.nats import find_nats_server
from postroom_shared.testkit import TestDatabase

DEPLOY = Path(__file__).parents[3]
QUERY_FILES = [*DEPLOY.glob("dovecot/*.ext"), *DEPLOY.glob("postfix/*.cf")]


def _run(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The template with a program and an account that exist here, since the validator looks for them."""
    text = (DEPLOY / "systemd" / "postroom@.service").read_text()
    file = tmp_path / "postroom@.service"
    file.write_text(text.replace("/opt/postroom/bin/python", "/bin/true"))
    return file


def test_systemd_accepts_the_unit_template(unit: Path):
    done = _run("systemd-analyze", "verify", "--man=no", str(unit).replace("@.", "@directory."))

    complaints = [line for line in done.stderr.splitlines() if "postroom@" in line and "EnvironmentFile" not in line]
    assert (done.returncode, complaints) == (0, [])


def test_systemd_finds_the_unit_well_confined(unit: Path):
    done = _run("systemd-analyze", "security", "--offline=true", "--threshold=25", "--no-pager", unit)

    assert done.returncode == 0, done.stdout[-300:]


def test_compose_accepts_the_file_and_refuses_a_misspelt_key(tmp_path: Path):
    compose = Path(sysconfig.get_path("scripts")) / "docker-compose"
    file = DEPLOY / "compose.yaml"
    misspelt = tmp_path / "compose.yaml"
    misspelt.write_text(file.read_text().replace("healthcheck:", "healthchek:"))

    assert _run(compose, "-f", file, "config", "-q").returncode == 0
    assert _run(compose, "-f", misspelt, "config", "-q").returncode != 0


def test_nats_accepts_its_configuration():
    done = _run(find_nats_server(), "-t", "-c", DEPLOY / "nats" / "nats.conf")

    assert done.returncode == 0, done.stderr


def _queries(file: Path) -> list[str]:
    return re.findall(r"^\w*query = (.+)$", file.read_text(), re.MULTILINE)


@pytest.mark.parametrize("file", QUERY_FILES, ids=lambda file: file.name)
async def test_the_queries_of_mail_servers_run_as_the_read_only_role(file: Path, database: TestDatabase):
    queries = _queries(file)
    connection = await asyncpg.connect(database.mail_reader_dsn)

    for query in queries:
        await connection.fetch(re.sub(r"%L?[usw]", "anna@example.test", query))

    assert queries
    await connection.close()


@pytest.mark.parametrize("script", ["postgres/roles.sh"])
def test_shell_scripts_parse(script: str):
    assert _run("sh", "-n", DEPLOY / script).returncode == 0


def test_the_command_of_the_unit_exists():
    assert _run(sys.executable, "-P", "-m", "postroom_directory", "--help").returncode == 0

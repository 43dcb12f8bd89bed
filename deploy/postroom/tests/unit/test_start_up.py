"""What a command does not need it does not import: `postroom --help` answers at once."""

import subprocess
import sys

import pytest

SERVICES_OWN = {"alembic", "fastapi", "nats", "pydantic", "sqlalchemy", "uvicorn"}
HEAVY = {*SERVICES_OWN, "asyncpg", "httpx", "psutil", "rich"}


def _imported(statement: str) -> set[str]:
    code = f"{statement}; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_the_table_of_commands_imports_none_of_them() -> None:
    helped = (
        "import contextlib, io, sys\n"
        "from postroom.__main__ import app\n"
        "sys.argv = ['postroom', '--help']\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        "    app()\n"
    )

    found = _imported(f"exec({helped!r})")

    assert "postroom.command_line.commands" in found
    assert not found & {*HEAVY, "asyncio", "postroom.imports.commands", "postroom.local_commands"}


@pytest.mark.parametrize(
    "module",
    [
        "postroom.local_commands",
        "postroom.state",
        "postroom.suite",
        "postroom.imports.commands",
        "postroom.signing_in.commands",
    ],
)
def test_neither_the_launcher_nor_a_command_imports_what_services_are_made_of(module: str) -> None:
    assert not _imported(f"import {module}") & SERVICES_OWN


def test_the_contracts_of_events_are_read_without_a_database_or_nats() -> None:
    assert not _imported("import postroom_shared.contracts.imports") & {"alembic", "fastapi", "nats", "sqlalchemy"}

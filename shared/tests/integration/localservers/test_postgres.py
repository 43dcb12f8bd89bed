"""Our PostgreSQL: created once, safe from kill -9 of the server and of its launcher, shut down fast."""

import asyncio
import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from postroom_shared.localservers.accounts import Account, reachable_copy, require_passage, unprivileged_account
from postroom_shared.localservers.errors import FolderUnreachableError, ServerMissingError
from postroom_shared.localservers.ports import free_port
from postroom_shared.localservers.postgres import PostgresServer, PostgresSettings
from postroom_shared.localservers.postgres_binaries import find_postgres
from postroom_shared.localservers.postgres_roles import DatabaseRoles, create_database, ensure_roles


def _settings(folder: Path) -> PostgresSettings:
    return PostgresSettings(
        folder=folder,
        port=free_port(),
        superuser_password="o'clock/@:%",
        binaries=find_postgres(),
        account=unprivileged_account(),
    )


async def _value(dsn: str, query: str) -> Any:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_committed_rows_survive_kill_9_of_the_server(servers_folder: Path):
    server = PostgresServer(_settings(servers_folder / "killed"))
    await server.start()
    connection = await asyncpg.connect(server.dsn())
    await connection.execute("create table thing as select 42 as answer")
    held_open = await asyncpg.connect(server.dsn())

    assert server.process.pid is not None
    os.kill(server.process.pid, signal.SIGKILL)
    await server.process.wait()
    await server.start()

    assert await _value(server.dsn(), "select answer from thing") == 42
    for each in (connection, held_open):
        each.terminate()
    await server.stop()


async def test_a_server_left_by_a_killed_launcher_is_replaced(servers_folder: Path):
    settings = _settings(servers_folder / "orphaned")
    orphan = PostgresServer(settings)
    await orphan.start()
    await _value(orphan.dsn(), "create table thing as select 42 as answer")

    successor = PostgresServer(replace(settings, port=free_port()))
    await successor.start()

    assert not orphan.process.running
    assert await _value(successor.dsn(), "select answer from thing") == 42
    await successor.stop()


def _zombie() -> subprocess.Popen[bytes]:
    """Return a process that has ended and that nobody has reaped yet."""
    ended = subprocess.Popen(["/bin/true"])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    return ended


@pytest.mark.parametrize("stranger", ["self", "zombie"])
async def test_a_pid_file_that_names_a_stranger_or_a_zombie_does_not_keep_it_down(servers_folder: Path, stranger: str):
    server = PostgresServer(_settings(servers_folder / f"pid-{stranger}"))
    await server.start()
    assert server.process.pid is not None
    lock = server.settings.folder / f".s.PGSQL.{server.settings.port}.lock"
    files = [server.settings.folder / "cluster" / "postmaster.pid", lock]
    os.kill(server.process.pid, signal.SIGKILL)
    await server.process.wait()
    ended = _zombie()

    for file in files:
        _, *rest = file.read_text().splitlines()
        file.write_text("\n".join([str(ended.pid if stranger == "zombie" else os.getpid()), *rest]))
    await server.start()

    assert await _value(server.dsn(), "select 1") == 1
    await server.stop()
    ended.wait()


async def test_the_cluster_is_utf8_with_scram_and_unicode_case(servers_folder: Path):
    server = PostgresServer(_settings(servers_folder / "locale"))
    await server.start()

    assert await _value(server.dsn(), "show server_encoding") == "UTF8"
    assert await _value(server.dsn(), "select lower('ÉTÉ')") == "été"
    assert await _value(server.dsn(), "show fsync") == "on"
    with pytest.raises(asyncpg.InvalidPasswordError):
        await _value(server.dsn(password="wrong"), "select 1")
    await server.stop()


async def test_an_interrupted_initdb_leaves_nothing_that_looks_like_a_cluster(servers_folder: Path):
    settings = _settings(servers_folder / "interrupted")
    (settings.folder / "cluster.new" / "base").mkdir(parents=True)

    server = PostgresServer(settings)
    await server.start()

    assert await _value(server.dsn(), "select 1") == 1
    assert not (settings.folder / "cluster.new").exists()
    await server.stop()


async def test_a_path_too_long_for_a_socket_is_served_over_tcp(servers_folder: Path):
    server = PostgresServer(_settings(servers_folder / ("long" * 30)))

    await server.start()

    assert await _value(server.dsn(), "show unix_socket_directories") == ""
    await server.stop()


async def test_roles_are_set_anew_at_each_start(servers_folder: Path):
    server = PostgresServer(_settings(servers_folder / "roles"))
    await server.start()
    await create_database(server.dsn(), "postroom")

    for password in ("first", "second"):
        roles = DatabaseRoles(services={"directory": password}, mail_reader=password)
        await ensure_roles(server.dsn(database="postroom"), roles)

    dsn = server.dsn(user="directory", password="second", database="postroom")
    assert await _value(dsn, "select current_schema()") == "directory"
    assert not await _value(dsn, "select rolsuper or rolbypassrls from pg_roles where rolname = current_user")
    await server.stop()


def test_a_folder_without_programs_is_refused(tmp_path: Path):
    with pytest.raises(ServerMissingError, match="does not hold"):
        find_postgres(tmp_path)


def test_a_folder_the_account_cannot_enter_is_refused(tmp_path: Path):
    tmp_path.chmod(0o700)

    with pytest.raises(FolderUnreachableError, match="cannot enter"):
        require_passage(tmp_path / "data", Account(name="nobody", uid=65534, group="nogroup", gid=65534))


def test_programs_below_a_closed_folder_are_copied_once(tmp_path: Path):
    nobody = Account(name="nobody", uid=65534, group="nogroup", gid=65534)
    closed = tmp_path / "home"
    (closed / "bin").mkdir(parents=True)
    (closed / "bin" / "program").write_text("#!/bin/sh\n")
    closed.chmod(0o700)

    first = reachable_copy(closed / "bin", nobody, into=tmp_path / "copies")
    second = reachable_copy(closed / "bin", nobody, into=tmp_path / "copies")

    assert first == second != closed / "bin"
    assert (first / "program").read_text() == "#!/bin/sh\n"
    assert reachable_copy(closed / "bin", None, into=tmp_path / "copies") == closed / "bin"


async def test_stopping_is_fast_although_sessions_are_open(servers_folder: Path):
    server = PostgresServer(_settings(servers_folder / "busy"))
    await server.start()
    session = await asyncpg.connect(server.dsn())

    async with asyncio.timeout(5):
        await server.stop()

    assert server.process.returncode == 0
    session.terminate()

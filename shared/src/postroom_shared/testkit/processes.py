"""Services of the suite as processes of their own, for tests of sockets, kills and what goes from one to another."""

import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from postroom_shared.localservers.ports import LOOPBACK, answers_http, free_port
from postroom_shared.localservers.process import Command, LocalProcess
from postroom_shared.manifest import ServiceManifest
from postroom_shared.testkit.databases import TestDatabase
from postroom_shared.testkit.nats import TestNats
from postroom_shared.testkit.services import TestIdentity


@dataclass(frozen=True, kw_only=True)
class ServiceProcess:
    """A process that answers HTTP on loopback; `process` is there to signal it, or to start it again."""

    process: LocalProcess
    port: int

    @property
    def url(self) -> str:
        """Its base address."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def memory_mb(self) -> float:
        """Its resident memory in MiB."""
        return float(psutil.Process(self.process.pid).memory_info().rss / 2**20)


class StartService:
    """Starts services, each with the settings a test wants; all are stopped at the end."""

    def __init__(self, folder: Path, *, database: TestDatabase, nats: TestNats, identity: TestIdentity) -> None:
        self._folder = folder
        self._database = database
        self._nats = nats
        self._identity = identity
        self._started: list[LocalProcess] = []

    def environment(self, manifest: ServiceManifest, *, port: int, **changes: Any) -> dict[str, str]:
        """Return the environment of a service that differs from the defaults of tests in *changes*."""
        values: dict[str, Any] = {
            "environment": "development",
            "port": port,
            "database_url": self._database.dsn(manifest.schema),
            "nats_url": self._nats.url,
            "identity_key": json.dumps(self._identity.keys[manifest.name].as_dict(private=True)),
            "trusted_keys_file": str(self._identity.trusted_keys_file),
            "master_keys_file": str(self._identity.master_keys_file),
            "shutdown_grace_s": 5,
        }
        settings = {
            manifest.env_prefix + name.upper(): value if isinstance(value, str) else json.dumps(value)
            for name, value in (values | changes).items()
        }
        return {"PATH": os.environ["PATH"], **settings}

    async def __call__(self, manifest: ServiceManifest, *, port: int | None = None, **changes: Any) -> ServiceProcess:
        """Start `python -m <package> serve` and wait until it is ready."""
        chosen = port or free_port()
        command = Command(
            name=f"{manifest.name}-{chosen}",
            arguments=(sys.executable, "-m", manifest.package, "serve"),
            folder=self._folder,
            log_file=self._folder / f"{manifest.name}-{chosen}.log",
            environment=self.environment(manifest, port=chosen, **changes),
        )
        process = LocalProcess(command)
        self._started.append(process)
        await process.start()
        await process.until_ready(answers_http(chosen, "/readyz"))
        return ServiceProcess(process=process, port=chosen)

    async def stop_all(self) -> None:
        """Stop them, the last one first."""
        for process in reversed(self._started):
            await process.stop()


@asynccontextmanager
async def services_as_processes(
    folder: Path, *, database: TestDatabase, nats: TestNats, identity: TestIdentity
) -> AsyncIterator[StartService]:
    """Yield the starter of services; stop them all at the end."""
    start = StartService(folder, database=database, nats=nats, identity=identity)
    try:
        yield start
    finally:
        await start.stop_all()

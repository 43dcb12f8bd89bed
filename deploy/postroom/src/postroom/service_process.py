"""One service as a child process: its environment, its command, its readiness."""

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from postroom.folder import DataFolder
from postroom.ports import Ports
from postroom.suite_secrets import SuiteSecrets
from postroom_shared.localservers.ports import answers_http
from postroom_shared.localservers.postgres_roles import DATABASE
from postroom_shared.localservers.process import Command, LocalProcess
from postroom_shared.manifest import ServiceManifest

READY_WITHIN_S = 60.0
STOP_GRACE_S = 25.0  # a service ends what it has in hand in 20 s


@dataclass(frozen=True, kw_only=True, slots=True)
class SuiteAddresses:
    """What each service is told of the others."""

    folder: DataFolder
    ports: Ports
    secrets: SuiteSecrets
    manifests: tuple[ServiceManifest, ...]

    @property
    def public_url(self) -> str:
        """The gateway as people see it."""
        return f"http://127.0.0.1:{self.ports.base}"

    def database_url(self, manifest: ServiceManifest) -> str:
        """The address of the database for one service's role."""
        password = self.secrets.services[manifest.name].database_password
        return f"postgresql://{manifest.schema}:{password}@127.0.0.1:{self.ports.postgres}/{DATABASE}"

    def service_urls(self) -> dict[str, str]:
        """Where each service answers."""
        return {each.name: f"http://127.0.0.1:{self.ports.service(each)}" for each in self.manifests}

    def environment(self, manifest: ServiceManifest, *, port: int) -> dict[str, str]:
        """Return the settings of one process; whatever else the launcher was given (log level, …) is passed on."""
        secrets = self.secrets.services[manifest.name]
        urls = self.service_urls()
        settings = {
            "environment": "development",
            "host": "127.0.0.1",
            "port": str(port),
            "database_url": self.database_url(manifest),
            "nats_url": f"nats://127.0.0.1:{self.ports.nats}",
            "nats_seed": secrets.nats_seed,
            "identity_key": secrets.identity_key,
            "trusted_keys_file": str(self.secrets.trusted_keys_file),
            "master_keys_file": str(self.secrets.master_keys_file),
            "blob_directory": str(self.folder.blobs / manifest.name),
            "public_url": self.public_url,
            "upstreams": json.dumps(urls),
            "smtp_host": "127.0.0.1",
            "smtp_port": str(self.ports.smtp),
            **({"directory_url": urls["directory"]} if "directory" in urls else {}),
        }
        return {**os.environ, **{f"{manifest.env_prefix}{name.upper()}": value for name, value in settings.items()}}


class ServiceProcess:
    """`python -m <package> serve`, or one of the service's workers."""

    def __init__(self, addresses: SuiteAddresses, manifest: ServiceManifest, *, word: str, port: int) -> None:
        self.name = manifest.name if word == "serve" else f"{manifest.name}-{word}"
        self.port = port
        self.health_path = "/readyz"
        (addresses.folder.blobs / manifest.name).mkdir(mode=0o700, parents=True, exist_ok=True)
        self.process = LocalProcess(
            Command(
                name=self.name,
                arguments=(sys.executable, "-P", "-m", manifest.package, word),
                folder=addresses.folder.path,
                log_file=addresses.folder.logs / f"{self.name}.log",
                environment=addresses.environment(manifest, port=port),
                stop_grace_s=STOP_GRACE_S,
            )
        )

    async def start(self) -> None:
        """Start and wait until `/readyz` says yes."""
        await self.process.start()
        await self.process.until_ready(answers_http(self.port, self.health_path), timeout_s=READY_WITHIN_S)

    async def stop(self) -> None:
        """Stop; requests and jobs in hand are finished or released."""
        await self.process.stop()


def service_processes(addresses: SuiteAddresses) -> Iterable[ServiceProcess]:
    """Yield the processes of all services: `serve`, then the workers."""
    for manifest in addresses.manifests:
        yield ServiceProcess(addresses, manifest, word="serve", port=addresses.ports.service(manifest))
        for number, word in enumerate(manifest.workers):
            yield ServiceProcess(addresses, manifest, word=word, port=addresses.ports.worker(manifest, number))

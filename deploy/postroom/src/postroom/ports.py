"""The one table of ports: the gateway has the base port, everything else the base plus a number.

| plus | what |
| --- | --- |
| 0 to 19 | the services, each by its manifest's `port_offset`; 0 is the gateway |
| 20 | PostgreSQL |
| 21, 22 | NATS, its monitoring |
| 30, 31, 32, 34 | Dovecot: IMAP, LMTP, ManageSieve, IMAP over TLS |
| 33 | the mail catcher (SMTP) |
| 40 to 79 | health and metrics of the workers: 40 plus the service's offset, 60 for its second worker |
"""

from collections.abc import Iterable
from dataclasses import dataclass

from postroom_shared.localservers.dovecot_configuration import DovecotPorts
from postroom_shared.manifest import ServiceManifest

DEFAULT_PORT = 8125
SPAN = 80


@dataclass(frozen=True, slots=True)
class Ports:
    """All ports that follow from *base*, on 127.0.0.1."""

    base: int

    @property
    def postgres(self) -> int:
        """PostgreSQL."""
        return self.base + 20

    @property
    def nats(self) -> int:
        """NATS clients."""
        return self.base + 21

    @property
    def nats_monitor(self) -> int:
        """`/healthz`, `/jsz` of NATS."""
        return self.base + 22

    @property
    def dovecot(self) -> DovecotPorts:
        """The listeners of Dovecot."""
        return DovecotPorts(imap=self.base + 30, lmtp=self.base + 31, managesieve=self.base + 32, imaps=self.base + 34)

    @property
    def smtp(self) -> int:
        """The mail catcher."""
        return self.base + 33

    def service(self, manifest: ServiceManifest) -> int:
        """The HTTP port of a service."""
        return self.base + manifest.port_offset

    def worker(self, manifest: ServiceManifest, number: int) -> int:
        """The health port of a service's worker; *number* counts its kinds of workers from 0."""
        return self.base + 40 + 20 * number + manifest.port_offset

    def of(self, manifests: Iterable[ServiceManifest]) -> dict[str, int]:
        """Return every port the suite needs, by the name of what listens there."""
        table = {}
        for manifest in manifests:
            table[manifest.name] = self.service(manifest)
            table |= {f"{manifest.name}-{word}": self.worker(manifest, n) for n, word in enumerate(manifest.workers)}
        mail = {f"dovecot {name}": port for name, port in self.dovecot.named().items()}
        servers = {"postgres": self.postgres, "nats": self.nats, "nats monitoring": self.nats_monitor}
        return {**table, **servers, **mail, "mail catcher": self.smtp}

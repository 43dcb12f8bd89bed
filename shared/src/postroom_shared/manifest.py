"""What a service says of itself before it is started: names only, no import of the service's code.

The launcher, the deployment files and the NATS permissions are made from it. Each service exposes one as the
entry point `postroom.services`, so that whoever is installed is found.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceManifest:
    """One service as the others see it.

    Attributes:
        name: The word of the folder after `svc-`, or `gateway`: `directory`, `import`, `smtp-guard`.
        package: The Python package, `postroom_import`; `python -m <package> serve` starts it.
        port_offset: Added to the suite's base port (the gateway's own is 0).
        api_prefixes: Path prefixes below the gateway that this service answers, most specific first.
        consumes: Names of the services whose event streams it reads.
        workers: Commands beside `serve` that run as processes of their own on one machine.
        projection: Whether it keeps the local copy of the directory (`postroom_shared.projection`).
        work_queue: Whether it owns a JetStream work queue (`postroom-work.<name>.>`).
    """

    name: str
    package: str
    port_offset: int
    api_prefixes: tuple[str, ...] = ()
    consumes: tuple[str, ...] = ()
    workers: tuple[str, ...] = ()
    projection: bool = False
    work_queue: bool = False

    @property
    def schema(self) -> str:
        """The PostgreSQL schema and role, `smtp_guard`."""
        return self.name.replace("-", "_")

    @property
    def stream(self) -> str:
        """The JetStream stream of its events, `POSTROOM_SMTP_GUARD`."""
        return f"POSTROOM_{self.schema.upper()}"

    @property
    def subjects(self) -> str:
        """The subjects of its events, `postroom.smtp-guard.>`."""
        return f"postroom.{self.name}.>"

    @property
    def env_prefix(self) -> str:
        """The prefix of its environment variables, `POSTROOM_SMTP_GUARD_`."""
        return f"POSTROOM_{self.schema.upper()}_"

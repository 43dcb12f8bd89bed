"""Who may do what on NATS: the `accounts { … }` block of the server's configuration. Pure.

Services share one account and each may use its own subjects only. An organisation's programs get an account of their
own, into which nothing but that organisation's events is imported: in a shared account the reply subject of a pull
request would let them have messages delivered onto anybody's subject (docs/adr/0010).
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from postroom_shared.events.streams import dead_letter_stream, work_stream
from postroom_shared.manifest import ServiceManifest

SERVICES_ACCOUNT = "POSTROOM"
CONSUMER_NAMES = ("directory", "events", "webhooks", "audit")
"""What `Consumer.name` may be, since NATS permissions name a consumer in full: `directory` keeps the local copy of the
directory, `events` is for the rest, `webhooks` and `audit` for services that pass on what all others publish."""

_Rules = Mapping[str, Sequence[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Integrator:
    """A program of an organisation that reads its events.

    Attributes:
        id: Names its consumers, one on each stream.
        public_key: Its nkey, `U…`; Postroom never has the seed.
    """

    id: UUID
    organisation_id: UUID
    public_key: str

    @property
    def consumer(self) -> str:
        """The name of its durable consumer on every stream."""
        return f"integrator-{self.id}"

    @property
    def account(self) -> str:
        """The NATS account of its organisation."""
        return f"ORGANISATION-{self.organisation_id}"


def accounts_block(
    manifests: Sequence[ServiceManifest],
    *,
    service_keys: Mapping[str, str],
    integrators: Iterable[Integrator] = (),
    hidden: Collection[str] = (),
    keeper: str = "gateway",
) -> str:
    """Return the `accounts { … }` block, the same text for the same arguments.

    Args:
        manifests: All services of the installation.
        service_keys: Public nkey (`U…`) by the name of the service.
        integrators: All programs of organisations.
        hidden: Names of services whose events integrators do not get.
        keeper: The service that creates the integrators' consumers (`integrators.ensure_integrator`).

    Raises:
        KeyError: A service has no key.
    """
    manifests = sorted(manifests, key=lambda manifest: manifest.name)
    programs = sorted(integrators, key=lambda program: (program.organisation_id, program.id))
    open_ = [manifest for manifest in manifests if manifest.name not in hidden]
    organisations = {program.organisation_id: program.account for program in programs}
    services = [
        _user(
            service_keys[manifest.name],
            _service_rules(manifest, manifests, kept=programs if manifest.name == keeper else ()),
        )
        for manifest in manifests
    ]
    exports = [
        *(_event_export(m, organisation, account) for m in open_ for organisation, account in organisations.items()),
        *(export for m in open_ for program in programs for export in _pull_exports(m, program)),
    ]
    accounts = [_account(SERVICES_ACCOUNT, users=services, exports=exports, extra=("jetstream: enabled",))]
    for organisation, account in organisations.items():
        mine = [program for program in programs if program.organisation_id == organisation]
        accounts.append(_organisation_account(account, organisation, mine, open_))
    return "accounts {\n" + "\n".join(accounts) + "\n}\n"


def _service_rules(
    manifest: ServiceManifest, manifests: Sequence[ServiceManifest], *, kept: Sequence[Integrator]
) -> dict[str, list[str]]:
    name = manifest.name
    own = [manifest.stream, dead_letter_stream(name), *([work_stream(name)] if manifest.work_queue else [])]
    streams = {other.name: other.stream for other in manifests}
    publish = [
        manifest.subjects,
        f"postroom-dead.{name}.>",
        f"postroom.live.*.{name}.*",
        *([f"postroom-work.{name}.>"] if manifest.work_queue else []),
        "$JS.API.INFO",
        *(subject for stream in own for subject in _own_stream(stream)),
        *(subject for other in manifest.consumes for subject in _foreign_stream(streams[other], name)),
        *(subject for other in manifests for program in kept for subject in _kept_consumer(other.stream, program)),
    ]
    return {"publish": publish, "subscribe": [f"_INBOX.{name}.>", f"postroom.live.*.{name}.*"]}


def _own_stream(stream: str) -> list[str]:
    """Everything but to delete the stream or what is in it."""
    return [
        *(f"$JS.API.STREAM.{verb}.{stream}" for verb in ("CREATE", "UPDATE", "INFO", "MSG.GET")),
        *(f"$JS.API.CONSUMER.{verb}.{stream}.*" for verb in ("CREATE", "INFO", "DELETE", "MSG.NEXT")),
        f"$JS.API.CONSUMER.CREATE.{stream}.*.>",
        f"$JS.API.CONSUMER.LIST.{stream}",
        f"$JS.ACK.{stream}.>",
    ]


def _foreign_stream(stream: str, service: str) -> list[str]:
    return [
        f"$JS.API.STREAM.INFO.{stream}",
        *(
            subject
            for consumer in CONSUMER_NAMES
            for subject in (
                *(f"$JS.API.CONSUMER.{verb}.{stream}.{service}-{consumer}" for verb in ("CREATE", "INFO", "MSG.NEXT")),
                f"$JS.ACK.{stream}.{service}-{consumer}.>",
            )
        ),
    ]


def _kept_consumer(stream: str, program: Integrator) -> list[str]:
    return [
        f"$JS.API.CONSUMER.CREATE.{stream}.{program.consumer}.{organisation_filter(program.organisation_id)}",
        *(f"$JS.API.CONSUMER.{verb}.{stream}.{program.consumer}" for verb in ("INFO", "DELETE")),
    ]


def organisation_filter(organisation_id: UUID) -> str:
    """Return the subjects of all events of one organisation."""
    return f"postroom.*.*.*.*.{organisation_id}"


def _events_of(manifest: ServiceManifest, organisation_id: UUID) -> str:
    return f"postroom.{manifest.name}.*.*.*.{organisation_id}"


def _pull_subjects(manifest: ServiceManifest, program: Integrator) -> tuple[str, str]:
    """Return what a program publishes on to receive and to acknowledge."""
    return (
        f"$JS.API.CONSUMER.MSG.NEXT.{manifest.stream}.{program.consumer}",
        f"$JS.ACK.{manifest.stream}.{program.consumer}.>",
    )


def _event_export(manifest: ServiceManifest, organisation_id: UUID, account: str) -> str:
    return _object({"stream": _events_of(manifest, organisation_id), "accounts": [account]})


def _pull_exports(manifest: ServiceManifest, program: Integrator) -> list[str]:
    receive, acknowledge = _pull_subjects(manifest, program)
    return [
        _object({"service": receive, "response_type": "stream", "accounts": [program.account]}),
        _object({"service": acknowledge, "accounts": [program.account]}),
    ]


def _organisation_account(
    account: str, organisation_id: UUID, programs: Sequence[Integrator], manifests: Sequence[ServiceManifest]
) -> str:
    subjects = [_events_of(manifest, organisation_id) for manifest in manifests]
    imports = [_object({"stream": {"account": SERVICES_ACCOUNT, "subject": subject}}) for subject in subjects]
    users = []
    for program in programs:
        pulls = [subject for manifest in manifests for subject in _pull_subjects(manifest, program)]
        imports += [_object({"service": {"account": SERVICES_ACCOUNT, "subject": subject}}) for subject in pulls]
        users.append(_user(program.public_key, {"publish": pulls, "subscribe": ["_INBOX.>", *subjects]}))
    return _account(account, users=users, imports=imports)


def _user(public_key: str, rules: _Rules) -> str:
    permissions = {direction: {"allow": subjects} for direction, subjects in rules.items()}
    return _object({"nkey": public_key, "permissions": permissions})


def _account(
    name: str,
    *,
    users: Sequence[str],
    exports: Sequence[str] = (),
    imports: Sequence[str] = (),
    extra: Sequence[str] = (),
) -> str:
    parts = [f"    {line}" for line in extra]
    for word, entries in (("users", users), ("exports", exports), ("imports", imports)):
        if entries:
            parts.append(f"    {word}: [\n" + "\n".join(f"      {entry}" for entry in entries) + "\n    ]")
    return f'  "{name}": {{\n' + "\n".join(parts) + "\n  }"


def _object(value: dict[str, Any]) -> str:
    """Return one entry: the server's format takes JSON."""
    return json.dumps(value)

"""The demo organisation's NATS user reads its organisation's events, catches up, and sees nobody else's."""

import uuid
from pathlib import Path

import nats

from postroom.folder import DataFolder
from postroom.integrators import integrator_of, let_integrator_in
from postroom.ports import Ports
from postroom.preparing import Preparation
from postroom.service_process import SuiteAddresses
from postroom.suite_secrets import SuiteSecrets
from postroom.testkit import free_base_port
from postroom_shared.events.nats_connection import connect
from postroom_shared.events.streams import ensure_stream
from postroom_shared.localservers.accounts import unprivileged_account
from postroom_shared.localservers.nats import NatsServer, NatsSettings, find_nats_server
from postroom_shared.manifest import ServiceManifest

GATEWAY = ServiceManifest(name="gateway", package="postroom_gateway", port_offset=0, consumes=("directory",))
DIRECTORY = ServiceManifest(name="directory", package="postroom_directory", port_offset=1)
OURS, THEIRS = str(uuid.uuid4()), str(uuid.uuid4())


def _addresses(path: Path) -> SuiteAddresses:
    folder = DataFolder(path)
    folder.create()
    secrets = SuiteSecrets.open(folder.secrets, [GATEWAY, DIRECTORY])
    return SuiteAddresses(folder=folder, ports=Ports(free_base_port()), secrets=secrets, manifests=(GATEWAY, DIRECTORY))


async def test_an_organisation_that_appears_while_nats_runs_gets_a_program_that_reads_its_events(servers_folder: Path):
    addresses = _addresses(servers_folder / "integrators")
    server = NatsServer(
        NatsSettings(
            folder=addresses.folder.path / "nats",
            port=addresses.ports.nats,
            monitor_port=addresses.ports.nats_monitor,
            program=find_nats_server(),
            account=unprivileged_account(),
        )
    )
    server.permit(await _permissions(addresses))
    await server.start()
    seeds = {name: each.nats_seed for name, each in addresses.secrets.services.items()}
    directory = await connect(server.url, service="directory", seed=seeds["directory"])
    gateway = await connect(server.url, service="gateway", seed=seeds["gateway"])
    await ensure_stream(directory.jetstream, DIRECTORY)
    await ensure_stream(gateway.jetstream, GATEWAY)

    await let_integrator_in(addresses, server, organisation_id=OURS)
    for organisation in (OURS, THEIRS):
        subject = f"postroom.directory.address.created.v1.{organisation}"
        await directory.jetstream.publish(subject, organisation.encode())

    program = integrator_of(addresses.secrets, OURS)
    reader = await nats.connect(server.url, nkeys_seed_str=program["seed"])
    events = await reader.jetstream().pull_subscribe_bind(f"integrator-{program['id']}", DIRECTORY.stream)
    (message,) = await events.fetch(batch=1, timeout=10)
    assert message.data == OURS.encode()
    for client in (reader, directory, gateway):
        await client.close()
    await server.stop()


async def _permissions(addresses: SuiteAddresses) -> str:
    preparation = await Preparation.start(addresses)
    try:
        return await preparation.nats_permissions()
    finally:
        await preparation.close()

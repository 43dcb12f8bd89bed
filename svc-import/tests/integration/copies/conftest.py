"""svc-import at work: two real Dovecots, PostgreSQL, NATS, and people with addresses."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from postroom_directory.app import SERVICE as DIRECTORY
from postroom_directory.manifest import MANIFEST as DIRECTORY_MANIFEST
from postroom_import.app import SERVICE
from postroom_import.manifest import MANIFEST
from postroom_import.testkit.directory_desk import DirectoryDesk
from postroom_import.testkit.office import Office
from postroom_shared.localservers.dovecot_configuration import MailLayout
from postroom_shared.manifest import ServiceManifest
from postroom_shared.principal import Role
from postroom_shared.testkit import StartDovecot, TestDatabase, TestDovecot, TestNats
from postroom_shared.testkit.services import TestIdentity, on_a_socket, running_service
from postroom_shared.values import Address

SOURCE_LAYOUT = MailLayout(
    separator=".", prefix="INBOX.", special_use={"Entwürfe": "\\Drafts", "Gesendet": "\\Sent", "Papierkorb": "\\Trash"}
)
FAST = {"sweep_s": 0.2, "heartbeat_s": 0.1, "lease_s": 3, "settle_delay_s": 0.3, "retry_later_s": 1}


@pytest.fixture(scope="session")
def database_manifests() -> tuple[ServiceManifest, ...]:
    return MANIFEST, DIRECTORY_MANIFEST


@pytest.fixture
def nats_server(empty_nats: TestNats) -> TestNats:
    """svc-import reads the directory's events from the first on; those of other tests would be thousands."""
    return empty_nats


@pytest.fixture(scope="session")
async def source_server(start_dovecot: StartDovecot) -> TestDovecot:
    return await start_dovecot(layout=SOURCE_LAYOUT, name="source")


@pytest.fixture(scope="session")
async def target_server(start_dovecot: StartDovecot) -> TestDovecot:
    return await start_dovecot(name="target")


@pytest.fixture
def identity(tmp_path: Path) -> TestIdentity:
    return TestIdentity(tmp_path, "import", "directory")


@pytest.fixture
async def directory(
    database: TestDatabase, nats_server: TestNats, identity: TestIdentity
) -> AsyncIterator[DirectoryDesk]:
    """The real svc-directory, with nothing in it."""
    async with (
        running_service(DIRECTORY, database=database, nats=nats_server, identity=identity) as service,
        on_a_socket(service) as url,
    ):
        yield DirectoryDesk(service, database, url)


@pytest.fixture
async def office(
    directory: DirectoryDesk,
    nats_server: TestNats,
    identity: TestIdentity,
    source_server: TestDovecot,
    target_server: TestDovecot,
) -> AsyncIterator[Office]:
    organisation_id, elsewhere = await directory.organisation(), await directory.organisation()
    source_id, target_id = await directory.mail_server(source_server), await directory.mail_server(target_server)
    await directory.mail_service(elsewhere, source_id, "old.test")
    service_id = await directory.mail_service(organisation_id, target_id, "example.test", alias="alias.test")
    roles = (Role.OWNER, Role.MEMBER, Role.MEMBER)
    owner, member, other_member = [await directory.member(organisation_id, role) for role in roles]
    stranger = await directory.member(elsewhere, Role.OWNER)
    target_address = await directory.address(organisation_id, service_id, target_server.new_address())
    for person in (member, other_member):
        await directory.attach(target_address, person)
    settings: dict[str, Any] = {"directory_url": directory.url, **FAST}
    database = directory.database
    async with running_service(SERVICE, database=database, nats=nats_server, identity=identity, **settings) as api:
        await directory.known()
        yield Office(
            api=api,
            directory=directory,
            database=database,
            nats=nats_server,
            identity=identity,
            source_server=source_server,
            target_server=target_server,
            organisation_id=organisation_id,
            owner=owner,
            member=member,
            other_member=other_member,
            stranger=stranger,
            source=Address(source_server.new_address("old.test")),
            second_source=Address(source_server.new_address("old.test")),
            target=await directory.state_of(target_address),
            settings=settings,
        )

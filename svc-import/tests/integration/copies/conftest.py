"""svc-import at work: two real Dovecots, PostgreSQL, NATS, and people with addresses."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from postroom_import.app import SERVICE
from postroom_import.manifest import MANIFEST
from postroom_import.testkit.office import Office
from postroom_import.testkit.stand_in_directory import StandInDirectory
from postroom_shared.localservers.dovecot_configuration import MailLayout
from postroom_shared.manifest import ServiceManifest
from postroom_shared.principal import Role
from postroom_shared.testkit import StartDovecot, TestDatabase, TestDovecot, TestNats
from postroom_shared.testkit.services import TestIdentity, running_service
from postroom_shared.values import Address

SOURCE_LAYOUT = MailLayout(
    separator=".", prefix="INBOX.", special_use={"Entwürfe": "\\Drafts", "Gesendet": "\\Sent", "Papierkorb": "\\Trash"}
)
FAST = {"sweep_s": 0.2, "heartbeat_s": 0.1, "lease_s": 3, "settle_delay_s": 0.3, "retry_later_s": 1}


@pytest.fixture(scope="session")
def database_manifests() -> tuple[ServiceManifest, ...]:
    return (MANIFEST,)


@pytest.fixture(scope="session")
async def source_server(start_dovecot: StartDovecot) -> TestDovecot:
    return await start_dovecot(layout=SOURCE_LAYOUT, name="source")


@pytest.fixture(scope="session")
async def target_server(start_dovecot: StartDovecot) -> TestDovecot:
    return await start_dovecot(name="target")


@pytest.fixture
async def office(
    database: TestDatabase,
    nats_server: TestNats,
    tmp_path: Path,
    source_server: TestDovecot,
    target_server: TestDovecot,
) -> AsyncIterator[Office]:
    directory = StandInDirectory()
    organisation_id, elsewhere = directory.organisation(), directory.organisation()
    source_id, target_id = directory.mail_server(source_server), directory.mail_server(target_server)
    directory.mail_service(elsewhere, source_id, ("old.test", None))
    service_id = directory.mail_service(
        organisation_id, target_id, ("example.test", None), ("alias.test", "example.test")
    )
    owner, member, other_member = (
        directory.member(organisation_id, role) for role in (Role.OWNER, Role.MEMBER, Role.MEMBER)
    )
    stranger = directory.member(elsewhere, Role.OWNER)
    target = directory.address(organisation_id, service_id, target_server.new_address())
    for person in (member, other_member):
        directory.attach(target, person)
    await directory.load(database)
    identity = TestIdentity(tmp_path, "import", "directory")
    async with directory.answering(), AsyncExitStack() as stack:
        settings: dict[str, Any] = {"directory_url": directory.url, **FAST}
        api = await stack.enter_async_context(
            running_service(SERVICE, database=database, nats=nats_server, identity=identity, **settings)
        )
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
            target=target,
            settings=settings,
        )

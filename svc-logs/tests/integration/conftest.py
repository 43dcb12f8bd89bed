"""A database of svc-logs whose copy of the directory knows organisations, addresses and people."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from postroom_logs.manifest import MANIFEST
from postroom_shared.database import Sessions, bind_organisation, create_engine, session_factory
from postroom_shared.manifest import ServiceManifest
from postroom_shared.principal import SystemPrincipal
from postroom_shared.projection.tables import AddressCopy, AliasCopy, GrantCopy, MailServiceCopy, OrganisationCopy
from postroom_shared.testkit import TestDatabase
from postroom_shared.testkit.services import TestIdentity
from postroom_shared.values import uuid7


@pytest.fixture(scope="session")
def database_manifests() -> tuple[ServiceManifest, ...]:
    return (MANIFEST,)


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> TestIdentity:
    return TestIdentity(tmp_path_factory.mktemp("identity"), "logs", "directory", "gateway")


@dataclass
class Town:
    """What the directory says; written straight into the local copy."""

    sessions: Sessions
    addresses: dict[str, UUID] = field(default_factory=dict)

    async def organisation(self, *, retention_days: int = 20, logs_since: datetime | None = None) -> tuple[UUID, UUID]:
        """Add an organisation with a mail service; return both ids."""
        organisation_id, service_id = uuid7(), uuid7()
        since = logs_since or datetime.now(UTC) - timedelta(days=900)
        async with self.sessions() as session, session.begin():
            await bind_organisation(session, SystemPrincipal())
            session.add(
                OrganisationCopy(
                    id=organisation_id, version=1, name="O", language="en", time_zone="UTC", state="active"
                )
            )
            session.add(
                MailServiceCopy(
                    id=service_id, version=1, organisation_id=organisation_id, mail_server_id=uuid7(), name="S",
                    language="en", time_zone="UTC", plan="free", log_retention_days=retention_days,
                    logs_since=since, domains=[],
                )
            )  # fmt: skip
        return organisation_id, service_id

    async def add_addresses(self, organisation_id: UUID, service_id: UUID, *names: str) -> None:
        """Add addresses."""
        async with self.sessions() as session, session.begin():
            await bind_organisation(session, SystemPrincipal())
            for name in names:
                self.addresses[name] = uuid7()
                session.add(
                    AddressCopy(
                        id=self.addresses[name], version=1, organisation_id=organisation_id,
                        mail_service_id=service_id, address=name, kind="mailbox", display_name="", attributes={},
                        enabled=True, sub_addressing=True, catch_all=False, spam_filter=True,
                        advertising_filter=False, credential_version=1,
                    )
                )  # fmt: skip

    async def add_alias(self, organisation_id: UUID, alias: str, address: str) -> None:
        """Add a further name of an address."""
        async with self.sessions() as session, session.begin():
            await bind_organisation(session, SystemPrincipal())
            session.add(
                AliasCopy(
                    id=uuid7(), version=1, organisation_id=organisation_id, address_id=self.addresses[address],
                    alias=alias,
                )
            )  # fmt: skip

    async def grant(self, organisation_id: UUID, address: str, person_id: UUID, *rights: str) -> None:
        """Let a person do things with an address."""
        async with self.sessions() as session, session.begin():
            await bind_organisation(session, SystemPrincipal())
            session.add(
                GrantCopy(
                    id=uuid7(), version=1, organisation_id=organisation_id, address_id=self.addresses[address],
                    person_id=person_id, rights=list(rights),
                )
            )  # fmt: skip


@pytest_asyncio.fixture(loop_scope="session")
async def sessions(database: TestDatabase) -> AsyncIterator[Sessions]:
    engine = create_engine(database.dsn("logs"), schema="logs", application="test", pool_size=4)
    yield session_factory(engine)
    await engine.dispose()


@pytest.fixture
def town(sessions: Sessions) -> Town:
    return Town(sessions)


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    return tmp_path / "mail.log"

"""svc-directory at work on real PostgreSQL and NATS, and organisations with a person of each role."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import insert, text

from postroom_directory.addresses.tables import AddressRow
from postroom_directory.app import SERVICE
from postroom_directory.domains.tables import DomainRow
from postroom_directory.mail_servers.tables import MailServerRow
from postroom_directory.mail_services.tables import MailServiceRow
from postroom_directory.manifest import MANIFEST
from postroom_shared.database import bind_organisation
from postroom_shared.manifest import ServiceManifest
from postroom_shared.principal import ALL_SCOPES, PersonPrincipal, Role, SystemPrincipal
from postroom_shared.testkit import TestDatabase, TestNats, TestPostgres
from postroom_shared.testkit.services import RunningService, TestIdentity, running_service
from postroom_shared.values import uuid7

OPERATOR = PersonPrincipal(
    person_id=uuid7(), organisation_id=None, role=None, scopes=frozenset({ALL_SCOPES}), operator=True
)
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class House:
    """An organisation and who belongs to it."""

    id: UUID
    people: dict[Role, PersonPrincipal]
    emails: dict[Role, str]
    links: dict[Role, str]
    memberships: dict[Role, UUID]

    @property
    def owner(self) -> PersonPrincipal:
        return self.people[Role.OWNER]

    @property
    def administrator(self) -> PersonPrincipal:
        return self.people[Role.ADMINISTRATOR]

    @property
    def member(self) -> PersonPrincipal:
        return self.people[Role.MEMBER]

    @property
    def guest(self) -> PersonPrincipal:
        return self.people[Role.GUEST]


@dataclass(frozen=True)
class Directory:
    """The running service, asked as one caller or another."""

    service: RunningService

    async def ask(
        self,
        method: str,
        path: str,
        caller: PersonPrincipal | None,
        *,
        body: Any = None,
        version: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request of *caller*; *version* goes into `If-Match`."""
        sent = dict(headers or {})
        if caller is not None:
            sent |= self.service.as_person(caller)
        if version is not None:
            sent["If-Match"] = f'"{version}"'
        return await self.service.client.request(method, path, json=body, headers=sent)

    async def made(self, method: str, path: str, caller: PersonPrincipal, **options: Any) -> Any:
        """Send a request that must succeed; return its body."""
        answer = await self.ask(method, path, caller, **options)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def organisation(self, name: str = "Example SA") -> UUID:
        """Create an organisation that nobody belongs to."""
        body = {"name": name, "language": "fr", "time_zone": "Europe/Zurich"}
        return UUID((await self.made("POST", "/v1/organisations", OPERATOR, body=body))["id"])

    async def invite(self, organisation_id: UUID, role: Role, email: str | None = None) -> Any:
        """Let the operator invite somebody."""
        body = {
            "email": email or f"{role}-{uuid7().hex}@example.com",
            "display_name": role.value,
            "language": "en",
            "role": role,
            "organisation_id": str(organisation_id),
        }
        return await self.made("POST", "/v1/people", OPERATOR, body=body) | {"email": body["email"]}

    async def house(self, *roles: Role) -> House:
        """Create an organisation with a person of each role."""
        organisation_id = await self.organisation()
        house = House(organisation_id, {}, {}, {}, {})
        for role in roles or tuple(Role):
            invited = await self.invite(organisation_id, role)
            house.people[role] = PersonPrincipal(
                person_id=UUID(invited["person_id"]),
                organisation_id=organisation_id,
                role=role,
                scopes=frozenset({ALL_SCOPES}),
            )
            house.emails[role] = invited["email"]
            house.links[role] = invited["password_link"]["token"]
            house.memberships[role] = UUID(invited["membership"]["id"])
        return house

    async def set_password(self, token: str, password: str = PASSWORD) -> httpx.Response:
        """Use a one-time link."""
        return await self.ask("POST", "/v1/people:set-password", None, body={"token": token, "new_password": password})

    async def sign_in(self, email: str, password: str = PASSWORD, *, address: str = "192.0.2.1") -> httpx.Response:
        """Ask as the gateway whether these belong together."""
        body = {"email": email, "password": password, "client_address": address}
        headers = self.service.as_service("gateway")
        return await self.service.client.post("/internal/v1/sign-ins:verify", json=body, headers=headers)

    async def events(self, subject_id: UUID | str) -> list[tuple[str, dict[str, Any]]]:
        """Return type and data of every event about a thing, in order."""
        async with self.service.runtime.sessions() as session, session.begin():
            await bind_organisation(session, SystemPrincipal())
            rows = await session.execute(
                text("select type, data from outbox where headers->>'ce-subject' = :id order by id"),
                {"id": str(subject_id)},
            )
            return [(row.type.removeprefix("postroom.directory."), row.data) for row in rows]


@pytest.fixture(scope="session")
def database_manifests() -> tuple[ServiceManifest, ...]:
    return (MANIFEST,)


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> TestIdentity:
    return TestIdentity(
        tmp_path_factory.mktemp("identity"), "directory", "gateway", "import", "smtp-guard", "templates"
    )


StartDirectory = Callable[[TestDatabase], Awaitable[RunningService]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def directory(
    postgres: TestPostgres,
    database_manifests: tuple[ServiceManifest, ...],
    nats_server: TestNats,
    identity: TestIdentity,
) -> AsyncIterator[Directory]:
    """The service of the session: tests keep apart by making organisations of their own."""
    async with (
        postgres.database(database_manifests) as database,
        running_service(SERVICE, database=database, nats=nats_server, identity=identity) as service,
    ):
        yield Directory(service)


@pytest_asyncio.fixture(loop_scope="session")
async def fresh_directory(
    database: TestDatabase, nats_server: TestNats, identity: TestIdentity
) -> AsyncIterator[Directory]:
    """A service with an empty database of this test's own."""
    async with running_service(SERVICE, database=database, nats=nats_server, identity=identity) as service:
        yield Directory(service)


@pytest_asyncio.fixture(loop_scope="session")
async def house(directory: Directory) -> House:
    """An organisation with a person of each role."""
    return await directory.house()


@pytest_asyncio.fixture(loop_scope="session")
async def neighbour(directory: Directory) -> House:
    """Another organisation; its people must see nothing of `house`."""
    return await directory.house(Role.OWNER)


@pytest.fixture
def operator() -> PersonPrincipal:
    return OPERATOR


@pytest.fixture(scope="session")
def directory_type() -> type[Directory]:
    return Directory


@pytest.fixture(scope="session")
def store_address() -> Callable[[Directory, House], Awaitable[UUID]]:
    """Stores an address of a house, with mail service, domain and mail server."""
    return _store_address


@pytest.fixture
def stored_address(directory: Directory) -> Callable[[House], Awaitable[UUID]]:
    """Stores an address of a house of the session's directory."""
    return lambda house: _store_address(directory, house)


async def _store_address(directory: Directory, house: House) -> UUID:
    now, ids = datetime.now(UTC), [uuid7() for _ in range(4)]
    server, service, domain, address = ids
    name = f"{uuid7().hex}.example.com"
    async with directory.service.runtime.sessions() as session, session.begin():
        await bind_organisation(session, SystemPrincipal())
        common: dict[str, Any] = {"version": 1, "created_at": now}
        await session.execute(
            insert(MailServerRow).values(
                id=server, name=name, imap={"host": name, "port": 993, "tls": "implicit"}, **common
            )
        )
        common["organisation_id"] = house.id
        await session.execute(
            insert(MailServiceRow).values(
                id=service,
                mail_server_id=server,
                name=name,
                plan="free",
                log_retention_days=20,
                logs_since=now,
                language="fr",
                time_zone="Europe/Zurich",
                default_rights=["responder.manage"],
                **common,
            )
        )
        await session.execute(
            insert(DomainRow).values(id=domain, mail_service_id=service, name=name, is_primary=True, **common)
        )
        await session.execute(
            insert(AddressRow).values(
                id=address,
                mail_service_id=service,
                domain_id=domain,
                address=f"anna@{name}",
                kind="mailbox",
                enabled=True,
                display_name="Anna",
                attributes={},
                sub_addressing=True,
                catch_all=False,
                spam_filter=False,
                advertising_filter=False,
                credential_version=1,
                **common,
            )
        )
    return address

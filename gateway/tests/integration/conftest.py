"""A gateway as a process of its own, on real PostgreSQL and NATS, with a service behind it that tests can abuse."""

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from typing_extensions import override

from postroom_gateway.manifest import MANIFEST
from postroom_gateway.person_rows import transaction_of_gateway
from postroom_gateway.sessions.domain import SessionPolicy
from postroom_gateway.sessions.service import IssuedSession, NewSession, begin_session
from postroom_shared.database import Sessions, create_engine, session_factory
from postroom_shared.localservers.ports import free_port, free_ports, listens
from postroom_shared.localservers.process import Command, LocalProcess
from postroom_shared.principal import Role
from postroom_shared.projection.repository import store
from postroom_shared.projection.states import Kind, MembershipState, OrganisationState, PersonState
from postroom_shared.testkit import TestDatabase, TestNats
from postroom_shared.testkit.databases import TestPostgres
from postroom_shared.testkit.processes import ServiceProcess, services_as_processes
from postroom_shared.testkit.route_ledger import Asker, ledger_hooks
from postroom_shared.testkit.services import TestIdentity
from postroom_shared.values import Address, uuid7

HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class RunningProcess(ServiceProcess):
    """A process that answers HTTP on a port.

    Attributes:
        askers: Who is behind a session cookie.
    """

    askers: dict[str, Asker] = field(default_factory=dict)

    def client(self, **options: Any) -> httpx.AsyncClient:
        """Return a client that asks this process."""
        hooks = ledger_hooks("gateway", who=self._who)
        return ApiClient(base_url=self.url, timeout=30, trust_env=False, event_hooks=hooks, **options)

    def _who(self, request: httpx.Request) -> Asker:
        cookies = SimpleCookie(request.headers.get("cookie", ""))
        if "postroom_session" in cookies:
            return self.askers.get(cookies["postroom_session"].value, Asker())
        token = request.headers.get("authorization", "").startswith("Bearer postroom_")
        return Asker(person="the holder of a token") if token else Asker()


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """A person with a session."""

    person_id: UUID
    organisation_id: UUID
    other_organisation_id: UUID
    issued: IssuedSession

    @property
    def cookies(self) -> dict[str, str]:
        return {"postroom_session": self.issued.access}

    @property
    def csrf(self) -> dict[str, str]:
        return {"X-CSRF-Token": self.issued.session.csrf_token}


StartGateway = Callable[..., Awaitable[RunningProcess]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gateway_database(postgres: TestPostgres) -> AsyncIterator[TestDatabase]:
    async with postgres.database([MANIFEST]) as database:
        yield database


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gateway_sessions(gateway_database: TestDatabase) -> AsyncIterator[Sessions]:
    engine = create_engine(gateway_database.dsn("gateway"), schema="gateway", application="tests")
    yield session_factory(engine)
    await engine.dispose()


@pytest.fixture(scope="session")
def identity(servers_folder: Path) -> TestIdentity:
    folder = servers_folder / "gateway-keys"
    folder.mkdir()
    return TestIdentity(folder, "directory", "import")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def start_peer(servers_folder: Path) -> AsyncIterator[Callable[..., Awaitable[RunningProcess]]]:
    started: list[LocalProcess] = []

    async def start(*, port: int | None = None) -> RunningProcess:
        chosen = port or free_port()
        command = Command(
            name=f"peer-{chosen}",
            arguments=(
                *(sys.executable, "-m", "uvicorn", "peer:app", "--app-dir", str(HERE), "--port", str(chosen)),
                *("--log-level", "warning", "--no-access-log", "--timeout-keep-alive", "5"),
            ),
            folder=servers_folder,
            log_file=servers_folder / f"peer-{chosen}.log",
            environment={"PATH": os.environ["PATH"]},
            stop_grace_s=3,
        )
        process = LocalProcess(command)
        await process.start()
        started.append(process)
        await process.until_ready(listens(chosen))
        return RunningProcess(process=process, port=chosen)

    yield start
    for process in started:
        await process.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def peer(start_peer: Callable[..., Awaitable[RunningProcess]]) -> RunningProcess:
    return await start_peer()


@pytest.fixture(scope="session")
def askers() -> dict[str, Asker]:
    """Who is behind each session cookie of these tests."""
    return {}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def start_gateway(
    servers_folder: Path,
    gateway_database: TestDatabase,
    nats_server: TestNats,
    identity: TestIdentity,
    askers: dict[str, Asker],
) -> AsyncIterator[StartGateway]:
    """Starts a gateway with settings of its own."""
    processes = services_as_processes(servers_folder, database=gateway_database, nats=nats_server, identity=identity)
    async with processes as start_service:

        async def start(**settings: Any) -> RunningProcess:
            port, dead_port = free_ports(2)
            defaults = {
                "directory_url": f"http://127.0.0.1:{dead_port}",
                "public_url": f"http://127.0.0.1:{port}",
                "rate_per_client": 10_000,
                "burst_per_client": 10_000,
            }
            started = await start_service(MANIFEST, port=port, **defaults | settings)
            return RunningProcess(process=started.process, port=port, askers=askers)

        yield start


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gateway(start_gateway: StartGateway, peer: RunningProcess) -> RunningProcess:
    """A gateway with the peer in the place of svc-directory."""
    return await start_gateway(upstreams={"directory": peer.url})


class ApiClient(httpx.AsyncClient):
    """A client whose cookies are those of each request, as the test says."""

    @override
    async def request(
        self, *arguments: Any, cookies: Any = None, headers: Any = None, **options: Any
    ) -> httpx.Response:
        sent = httpx.Headers(headers)
        if cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return await super().request(*arguments, headers=sent, **options)


@pytest_asyncio.fixture(loop_scope="session")
async def client(gateway: RunningProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with gateway.client() as opened:
        yield opened


@pytest.fixture(scope="session")
def sign_in(gateway_sessions: Sessions, askers: dict[str, Asker]) -> Callable[..., Awaitable[SignedIn]]:
    """Signs a new person in, who belongs to two organisations; the directory has told the gateway of all three."""

    async def make(*, role: Role = Role.ADMINISTRATOR, organisation_id: UUID | None = None) -> SignedIn:
        person, first, second = uuid7(), organisation_id or uuid7(), uuid7()
        organisations = [
            OrganisationState(id=id_, version=1, name=name, language="fr", time_zone="Europe/Zurich", state="active")
            for id_, name in ((first, "Example SA"), (second, "Other SA"))
        ]
        memberships = [
            MembershipState(id=uuid7(), version=1, organisation_id=id_, person_id=person, role=its_role)
            for id_, its_role in ((first, role), (second, Role.GUEST))
        ]
        async with transaction_of_gateway(gateway_sessions) as session:
            await store(session, Kind.ORGANISATION, organisations)
            await store(session, Kind.PERSON, [person_state(person)])
            await store(session, Kind.MEMBERSHIP, memberships)
            issued = await begin_session(
                session,
                NewSession(person_id=person, credential_version=1, client="Test client", organisation_id=first),
                policy=POLICY,
                max_sessions=50,
                now=datetime.now(UTC),
            )
        askers[issued.access] = Asker(person=str(person), organisation=str(first))
        return SignedIn(person_id=person, organisation_id=first, other_organisation_id=second, issued=issued)

    return make


def person_state(person_id: UUID, *, version: int = 1, **changes: Any) -> PersonState:
    """Return an enabled person as svc-directory tells of them."""
    values: dict[str, Any] = {
        "id": person_id,
        "version": version,
        "email": Address(f"p{person_id.hex}@example.com"),
        "display_name": "Anna",
        "language": "fr",
        "enabled": True,
        "operator": False,
        "credential_version": 1,
    }
    return PersonState(**values | changes)


POLICY = SessionPolicy(
    access=timedelta(minutes=10),
    idle=timedelta(days=3),
    lifetime=timedelta(days=30),
    refresh_grace=timedelta(seconds=30),
)

"""A change in the directory reaches another service's copy, over real NATS and HTTP."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
import uvicorn
from pydantic_settings import SettingsConfigDict
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.app import SERVICE
from postroom_directory.manifest import MANIFEST
from postroom_shared import projection
from postroom_shared.contracts.directory import GrantCreatedV1, PersonChangedV1
from postroom_shared.database import bind_organisation
from postroom_shared.events.outbox import publish
from postroom_shared.localservers.ports import free_port
from postroom_shared.manifest import ServiceManifest
from postroom_shared.principal import AddressRight, PersonPrincipal, Principal, Role, ServicePrincipal, SystemPrincipal
from postroom_shared.projection.states import Kind
from postroom_shared.projection.tables import COPY_OF, LoadedRow, StaleRow
from postroom_shared.service import ServiceDefinition
from postroom_shared.settings import ServiceSettings
from postroom_shared.testkit import TestDatabase, TestNats
from postroom_shared.testkit.nats import running_nats
from postroom_shared.testkit.services import RunningService, TestIdentity, running_service
from postroom_shared.values import Address, Domain, uuid7

COPYIST = ServiceManifest(
    name="copyist", package="postroom_copyist", port_offset=19, consumes=("directory",), projection=True
)
LATECOMER = replace(COPYIST, name="latecomer")
SYSTEM = SystemPrincipal()


class CopyistSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="POSTROOM_COPYIST_")


@pytest.fixture(scope="module")
def database_manifests() -> tuple[ServiceManifest, ...]:
    return (MANIFEST, COPYIST, LATECOMER)


class Door:
    """The HTTP port of a running directory; it can be shut while the service goes on."""

    def __init__(self, service: RunningService) -> None:
        self._app = service.client._transport.app  # type: ignore[attr-defined]  # an ASGITransport
        self._port = free_port()
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def open(self) -> None:
        config = uvicorn.Config(
            self._app, port=self._port, lifespan="off", log_config=None, timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._task = asyncio.create_task(self._server.serve())
        while not self._server.started:
            await asyncio.sleep(0.005)

    async def shut(self) -> None:
        if self._server and self._task:
            self._server.should_exit = True
            await self._task
            self._server = self._task = None


@dataclass(frozen=True)
class Copy:
    """Another service with a copy of the directory."""

    service: RunningService

    @asynccontextmanager
    async def session(self, principal: Principal = SYSTEM) -> AsyncIterator[AsyncSession]:
        async with self.service.runtime.sessions() as session, session.begin():
            await bind_organisation(session, principal)
            yield session

    async def rows(self, kind: Kind) -> dict[UUID, dict[str, Any]]:
        """Return the whole copy of a kind."""
        table: Any = COPY_OF[kind]
        async with self.session() as session:
            found = await session.scalars(select(table))
            return {row.id: {c.name: getattr(row, c.name) for c in table.__table__.columns} for row in found}

    async def everything(self) -> dict[Kind, dict[UUID, dict[str, Any]]]:
        return {kind: await self.rows(kind) for kind in Kind}

    async def version(self, kind: Kind, thing_id: UUID | str) -> int | None:
        row = (await self.rows(kind)).get(UUID(str(thing_id)))
        return row["version"] if row else None

    async def comes_to(self, kind: Kind, thing_id: UUID | str, version: int | None, *, within_s: float = 10.0) -> float:
        """Wait until the copy has that version (None: has not the thing); return the seconds it took."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        async with asyncio.timeout(within_s):
            while await self.version(kind, thing_id) != version:
                await asyncio.sleep(0.01)
        return loop.time() - started

    async def is_loaded(self) -> None:
        """Wait until all snapshots are in and nothing is stale."""
        async with asyncio.timeout(20):
            while True:
                async with self.session() as session:
                    loaded = len((await session.scalars(select(LoadedRow))).all())
                    stale = len((await session.scalars(select(StaleRow))).all())
                if loaded == len(Kind) and stale == 0:
                    return
                await asyncio.sleep(0.02)


@dataclass(frozen=True)
class Suite:
    """A directory, its door, a copyist, and how to start another."""

    directory: Any
    door: Door
    copy: Copy
    start: Callable[[ServiceManifest], Any]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def suite(
    postgres: Any,
    database_manifests: tuple[ServiceManifest, ...],
    servers_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
    directory_type: Any,
) -> AsyncIterator[Suite]:
    names = [each.name for each in database_manifests]
    identity = TestIdentity(tmp_path_factory.mktemp("suite"), *names)
    async with (
        postgres.database(database_manifests) as database,
        running_nats(servers_folder / "projection") as nats,  # a stream without the events of other directories
        running_service(SERVICE, database=database, nats=nats, identity=identity) as service,
    ):
        door = Door(service)
        await door.open()

        def start(manifest: ServiceManifest) -> Any:
            return running_copyist(manifest, door, database=database, nats=nats, identity=identity)

        async with start(COPYIST) as copy:
            yield Suite(directory_type(service), door, copy, start)
        await door.shut()


@asynccontextmanager
async def running_copyist(
    manifest: ServiceManifest, door: Door, *, database: TestDatabase, nats: TestNats, identity: TestIdentity
) -> AsyncIterator[Copy]:
    definition = ServiceDefinition(
        manifest=manifest, settings_type=CopyistSettings, title="A service with a copy", routers=()
    )
    async with running_service(
        definition, database=database, nats=nats, identity=identity, directory_url=door.url
    ) as service:
        copy = Copy(service)
        await copy.is_loaded()
        yield copy


async def test_a_change_reaches_the_copy_within_a_second(suite: Suite) -> None:
    house = await suite.directory.house()
    person = f"/v1/people/{house.member.person_id}"
    await suite.copy.comes_to(Kind.PERSON, house.member.person_id, 1)
    await suite.copy.is_loaded()

    times = []
    for version in range(1, 6):
        body = {"display_name": f"Name {version}"}
        await suite.directory.made("PATCH", person, house.member, body=body, version=version)
        times.append(await suite.copy.comes_to(Kind.PERSON, house.member.person_id, version + 1))

    row = (await suite.copy.rows(Kind.PERSON))[house.member.person_id]
    assert row["display_name"] == "Name 5"
    assert row["email"] == house.emails[Role.MEMBER]
    assert max(times) < 1.0, times


async def test_what_is_deleted_leaves_the_copy(suite: Suite, store_address: Any) -> None:
    house = await suite.directory.house()
    address_id = await store_address(suite.directory, house)
    body = {"person_id": str(house.guest.person_id)}
    grant = await suite.directory.made("POST", f"/v1/addresses/{address_id}/grants", house.owner, body=body)
    await suite.copy.comes_to(Kind.GRANT, grant["id"], 1)

    await suite.directory.made("DELETE", f"/v1/memberships/{house.memberships[Role.GUEST]}", house.guest, version=1)

    await suite.copy.comes_to(Kind.GRANT, grant["id"], None)
    await suite.copy.comes_to(Kind.MEMBERSHIP, house.memberships[Role.GUEST], None)


async def test_invitations_are_not_told_until_they_are_accepted(suite: Suite) -> None:
    house, other = await suite.directory.house(Role.OWNER), await suite.directory.house(Role.OWNER)
    body = {"email": house.emails[Role.OWNER], "display_name": "x", "language": "fr", "role": "member"}
    invited = await suite.directory.made("POST", "/v1/people", other.owner, body=body)
    membership_id = invited["membership"]["id"]
    await suite.copy.comes_to(Kind.MEMBERSHIP, other.memberships[Role.OWNER], 1)
    await suite.copy.is_loaded()
    before = await suite.copy.version(Kind.MEMBERSHIP, membership_id)

    await suite.directory.made("POST", f"/v1/memberships/{membership_id}:accept", house.owner)

    assert before is None
    await suite.copy.comes_to(Kind.MEMBERSHIP, membership_id, 2)


async def test_events_out_of_order_and_repeated_do_no_harm(suite: Suite, store_address: Any) -> None:
    house = await suite.directory.house()
    address_id = await store_address(suite.directory, house)
    path = f"/v1/people/{house.member.person_id}"
    for version in (1, 2):
        await suite.directory.made("PATCH", path, house.member, body={"display_name": f"N{version}"}, version=version)
    grant = await suite.directory.made(
        "POST", f"/v1/addresses/{address_id}/grants", house.owner, body={"person_id": str(house.guest.person_id)}
    )
    await suite.directory.made("DELETE", f"/v1/grants/{grant['id']}", house.owner, version=1)
    await suite.copy.comes_to(Kind.PERSON, house.member.person_id, 3)

    async with suite.directory.service.runtime.sessions() as session, session.begin():
        await bind_organisation(session, SYSTEM)
        for version in (3, 1, 2, 1):
            payload = PersonChangedV1(id=house.member.person_id, version=version)
            await publish(session, payload, organisation_id=None, subject_id=house.member.person_id)
        old = GrantCreatedV1(id=UUID(grant["id"]), version=1, address_id=address_id, person_id=house.guest.person_id)
        await publish(session, old, organisation_id=house.id, subject_id=grant["id"])
    marker = await suite.directory.house(Role.OWNER)
    await suite.copy.comes_to(Kind.MEMBERSHIP, marker.memberships[Role.OWNER], 1)
    await suite.copy.is_loaded()

    row = (await suite.copy.rows(Kind.PERSON))[house.member.person_id]
    assert (row["version"], row["display_name"]) == (3, "N2")
    assert await suite.copy.version(Kind.GRANT, grant["id"]) is None


async def test_an_older_state_does_not_replace_a_newer_one(suite: Suite) -> None:
    house = await suite.directory.house(Role.OWNER)
    await suite.copy.comes_to(Kind.ORGANISATION, house.id, 1)
    async with suite.copy.session() as session:
        state = await projection.find_organisation(session, SYSTEM, house.id)
        assert state is not None
        newer = state.model_copy(update={"version": 5, "name": "Newer"})
        await projection.repository.store(session, Kind.ORGANISATION, [newer])
        await projection.repository.store(session, Kind.ORGANISATION, [state])

    row = (await suite.copy.rows(Kind.ORGANISATION))[house.id]

    assert (row["version"], row["name"]) == (5, "Newer")
    async with suite.copy.session() as session:
        await session.execute(text("update directory_organisation set version = 1, name = 'Example SA'"))


async def test_a_copy_made_from_snapshots_equals_one_kept_by_events(suite: Suite, store_address: Any) -> None:
    houses = [await suite.directory.house() for _ in range(3)]
    for house in houses:
        address_id = await store_address(suite.directory, house)
        body = {"person_id": str(house.member.person_id)}
        await suite.directory.made("POST", f"/v1/addresses/{address_id}/grants", house.owner, body=body)
        await suite.directory.made("PATCH", f"/v1/organisations/{house.id}", house.owner, body={"name": "B"}, version=1)
    await suite.copy.comes_to(Kind.ORGANISATION, houses[-1].id, 2)
    async with suite.copy.session() as session:
        await projection.request_rebuild(session)  # address rows were stored without events
    await suite.copy.is_loaded()

    async with suite.start(LATECOMER) as latecomer:
        fresh = await latecomer.everything()

    assert await suite.copy.everything() == fresh
    assert len(fresh[Kind.PERSON]) >= 15
    assert len(fresh[Kind.ADDRESS]) >= 3


async def test_a_rebuild_mends_what_was_lost_or_is_too_much(suite: Suite) -> None:
    house = await suite.directory.house()
    await suite.copy.comes_to(Kind.MEMBERSHIP, house.memberships[Role.GUEST], 1)
    await suite.copy.is_loaded()
    ghost = uuid7()
    async with suite.copy.session() as session:
        await session.execute(
            text("delete from directory_membership where person_id = :id"), {"id": house.guest.person_id}
        )
        await session.execute(text("update directory_person set display_name = 'spoiled'"))
        await session.execute(
            text("insert into directory_membership values (:id, 1, :org, :id, 'owner')"),
            {"id": ghost, "org": house.id},
        )

    async with suite.copy.session() as session:
        await projection.request_rebuild(session)

    await suite.copy.comes_to(Kind.MEMBERSHIP, ghost, None)
    await suite.copy.is_loaded()
    assert await suite.copy.version(Kind.MEMBERSHIP, house.memberships[Role.GUEST]) == 1
    assert (await suite.copy.rows(Kind.PERSON))[house.guest.person_id]["display_name"] == "guest"


async def test_while_the_directory_is_away_the_copy_stays_and_then_catches_up(suite: Suite) -> None:
    house = await suite.directory.house()
    path = f"/v1/people/{house.member.person_id}"
    await suite.copy.comes_to(Kind.PERSON, house.member.person_id, 1)
    await suite.copy.is_loaded()

    await suite.door.shut()
    await suite.directory.made("PATCH", path, house.member, body={"display_name": "Later"}, version=1)
    async with asyncio.timeout(10):
        while not await _stale(suite.copy):
            await asyncio.sleep(0.01)
    meanwhile = (await suite.copy.rows(Kind.PERSON))[house.member.person_id]
    await suite.door.open()

    assert meanwhile["display_name"] == "member"
    await suite.copy.comes_to(Kind.PERSON, house.member.person_id, 2)


async def _stale(copy: Copy) -> bool:
    async with copy.session() as session:
        return bool((await session.scalars(select(StaleRow))).all())


async def test_the_copy_answers_about_memberships(suite: Suite, operator: PersonPrincipal) -> None:
    house, other = await suite.directory.house(), await suite.directory.house(Role.OWNER)
    await suite.copy.comes_to(Kind.MEMBERSHIP, other.memberships[Role.OWNER], 1)
    await suite.copy.is_loaded()
    person_id, mine = house.member.person_id, {"person_id": house.member.person_id, "organisation_id": house.id}

    async with suite.copy.session() as session:
        found = await projection.find_membership(session, SYSTEM, **mine)
        nowhere = await projection.find_membership(session, SYSTEM, person_id=person_id, organisation_id=other.id)
        hidden = await projection.find_membership(session, other.owner, **mine)
    async with suite.copy.session(other.owner) as session:
        all_of_them = await projection.memberships_of(session, person_id)
        stranger = await projection.find_person(session, other.owner, person_id)
        myself = await projection.find_person(session, other.owner, other.owner.person_id)
        second_wall = (await session.scalars(select(COPY_OF[Kind.PERSON].id))).all()

    assert found is not None
    assert found.role is Role.MEMBER
    assert (nowhere, hidden, stranger) == (None, None, None)
    assert myself is not None
    assert [(each.organisation.id, each.role) for each in all_of_them] == [(house.id, Role.MEMBER)]
    assert second_wall == [other.owner.person_id]

    await suite.directory.made("POST", f"/v1/organisations/{house.id}:suspend", operator, version=1)
    await suite.copy.comes_to(Kind.ORGANISATION, house.id, 2)
    async with suite.copy.session() as session:
        assert await projection.find_membership(session, SYSTEM, **mine) is None
        assert await projection.memberships_of(session, person_id) == []


async def test_the_copy_answers_about_addresses_and_rights(suite: Suite, store_address: Any) -> None:
    house, other = await suite.directory.house(), await suite.directory.house(Role.OWNER)
    address_id = await store_address(suite.directory, house)
    body = {"person_id": str(house.member.person_id), "rights": ["logs.read"]}
    await suite.directory.made("POST", f"/v1/addresses/{address_id}/grants", house.owner, body=body)
    async with suite.copy.session() as session:
        await projection.request_rebuild(session)  # the address was stored without an event
    await suite.copy.is_loaded()
    as_import = ServicePrincipal(name="import", on_behalf=house.guest)

    async with suite.copy.session() as session:
        address = await projection.find_address(session, SYSTEM, address_id)
        assert address is not None
        for principal, right, holds in (
            (house.owner, AddressRight.SEND_AS, True),
            (house.member, AddressRight.LOGS_READ, True),
            (house.member, AddressRight.SEND_AS, False),
            (house.guest, AddressRight.LOGS_READ, False),
            (other.owner, AddressRight.LOGS_READ, False),
            (as_import, AddressRight.LOGS_READ, False),
            (SystemPrincipal(organisation_id=house.id), AddressRight.SEND_AS, True),
            (SystemPrincipal(organisation_id=other.id), AddressRight.SEND_AS, False),
        ):
            assert await projection.has_right(session, principal, address_id, right) is holds, (principal, right)
        attached = await projection.attached_addresses(session, house.member)
        assert [(each.address.id, each.rights) for each in attached] == [
            (address_id, frozenset({AddressRight.LOGS_READ}))
        ]
        assert await projection.attached_addresses(session, house.owner) == []
        assert await projection.find_address(session, other.owner, address_id) is None
        server = await projection.mail_server_of(session, house.member, address.mail_service_id)
        assert server is not None
        assert (server.imap.port, server.managesieve) == (993, None)
        assert await projection.mail_server_of(session, other.owner, address.mail_service_id) is None

    async with suite.copy.session(other.owner) as session:
        # Both look at all organisations; the session's own scope is back afterwards.
        named = await projection.address_named(session, Address(address.address))
        service = await projection.mail_service_of_domain(session, Domain(address.address.domain))
        assert await projection.mail_service_of_domain(session, Domain("nowhere.example")) is None
        assert (await session.scalars(select(COPY_OF[Kind.ADDRESS].id))).all() == []
    assert named is not None
    assert (named.id, service and service.id) == (address_id, address.mail_service_id)


async def test_only_services_read_the_feed(suite: Suite) -> None:
    house = await suite.directory.house(Role.OWNER)
    client, service = suite.directory.service.client, suite.directory.service
    path = f"/internal/v1/projection/organisation/{house.id}"

    assert (await client.get(path)).status_code == 401
    assert (await client.get(path, headers=service.as_person(house.owner))).status_code == 403
    as_service = service.as_service("copyist")
    assert (await client.get(path, headers=as_service)).json()["version"] == 1
    assert (await client.get(f"/internal/v1/projection/organisation/{uuid7()}", headers=as_service)).status_code == 404
    assert (await client.get("/internal/v1/projection/secrets", headers=as_service)).status_code == 422


async def test_a_credential_change_is_seen_in_the_copy(suite: Suite) -> None:
    house = await suite.directory.house(Role.OWNER)
    await suite.directory.set_password(house.links[Role.OWNER])

    await suite.copy.comes_to(Kind.PERSON, house.owner.person_id, 2)

    assert (await suite.copy.rows(Kind.PERSON))[house.owner.person_id]["credential_version"] == 2

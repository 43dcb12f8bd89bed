"""Gives svc-directory what a test of svc-import needs, through its own API, and waits until svc-import knows it.

The directory is a real one, started by the test; nothing of it is imported here.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_shared.database import bind_organisation, create_engine, session_factory
from postroom_shared.principal import PersonPrincipal, Role, SystemPrincipal
from postroom_shared.projection import find_address
from postroom_shared.projection import repository as projection
from postroom_shared.projection.states import AddressState, Kind
from postroom_shared.testkit import MASTER_LOGIN, MASTER_SECRET, TestDatabase, TestDovecot
from postroom_shared.testkit.services import RunningService, somebody
from postroom_shared.values import uuid7

KNOWN_WITHIN_S = 20


@dataclass
class DirectoryDesk:
    """What somebody at the desk of svc-directory does for a test.

    Attributes:
        service: The running svc-directory.
        database: In which svc-import keeps its copy.
        url: Where the directory answers.
    """

    service: RunningService
    database: TestDatabase
    url: str
    operator: PersonPrincipal = field(default_factory=lambda: somebody(None, operator=True))
    _made: dict[Kind, set[UUID]] = field(default_factory=dict)
    _servers: list[UUID] = field(default_factory=list)

    async def organisation(self) -> UUID:
        """Create an organisation; return its id."""
        body = {"name": "Firma", "language": "fr", "time_zone": "Europe/Zurich"}
        return self._noted(Kind.ORGANISATION, await self._ask("POST", "/v1/organisations", body))

    async def member(self, organisation_id: UUID, role: Role) -> PersonPrincipal:
        """Invite somebody whose language is English."""
        body = {
            "email": f"{uuid7().hex}@people.test",
            "display_name": "Somebody",
            "language": "en",
            "role": role,
            "organisation_id": str(organisation_id),
        }
        invited = await self._ask("POST", "/v1/people", body)
        person = somebody(role, organisation_id=organisation_id, person_id=UUID(invited["person_id"]))
        self._made.setdefault(Kind.PERSON, set()).add(person.person_id)
        self._noted(Kind.MEMBERSHIP, invited["membership"])
        return person

    async def mail_server(self, dovecot: TestDovecot, *, port: int | None = None) -> UUID:
        """Make a Dovecot known with its master login, perhaps behind another port; return its id."""
        ca_pem = dovecot.certificate_file.read_text() if dovecot.ports.imaps else None
        server_id = await self.known_place(dovecot.host, port or dovecot.ports.imap, ca_pem=ca_pem)
        login = {"user": MASTER_LOGIN, "secret": MASTER_SECRET}
        await self._ask("PUT", f"/v1/mail-servers/{server_id}/master-login", login)
        self._servers.append(server_id)
        return server_id

    async def known_place(self, host: str, port: int, *, ca_pem: str | None = None) -> UUID:
        """Make a mail server known at a place that the rules for hosts would refuse; return its id."""
        body = {"name": f"{host} {port}", "imap": {"host": host, "port": port, "tls": "none"}, "tls_ca_pem": ca_pem}
        return self._noted(Kind.MAIL_SERVER, await self._ask("POST", "/v1/mail-servers", body))

    async def withdraw_master_logins(self) -> None:
        """Take all master logins away."""
        for server_id in self._servers:
            await self._ask("DELETE", f"/v1/mail-servers/{server_id}/master-login")

    async def mail_service(self, organisation_id: UUID, server_id: UUID, domain: str, *, alias: str = "") -> UUID:
        """Create a French mail service with a domain, perhaps with another that stands for it; return its id."""
        body = {
            "organisation_id": str(organisation_id),
            "mail_server_id": str(server_id),
            "name": "mail",
            "primary_domain": domain,
            "language": "fr",
            "time_zone": "Europe/Zurich",
        }
        service_id = self._noted(Kind.MAIL_SERVICE, await self._ask("POST", "/v1/mail-services", body))
        if alias:
            await self._ask("POST", f"/v1/mail-services/{service_id}/domains", {"name": alias, "alias_of": domain})
        return service_id

    async def address(self, organisation_id: UUID, service_id: UUID, address: str, **details: Any) -> UUID:
        """Create an address; return its id."""
        body = {"mail_service_id": str(service_id), "address": address, **details}
        made = await self._ask("POST", "/v1/addresses", body, caller=_manager(organisation_id))
        return self._noted(Kind.ADDRESS, made)

    async def alias(self, address: AddressState, alias: str) -> None:
        """Give an address another name."""
        caller = _manager(address.organisation_id)
        path = f"/v1/addresses/{address.id}/aliases"
        self._noted(Kind.ALIAS, await self._ask("POST", path, {"alias": alias}, caller=caller))

    async def attach(self, address_id: UUID, person: PersonPrincipal) -> None:
        """Attach an address to a person, without any right."""
        body = {"person_id": str(person.person_id), "rights": []}
        caller = _manager(person.organisation_id)
        self._noted(Kind.GRANT, await self._ask("POST", f"/v1/addresses/{address_id}/grants", body, caller=caller))

    async def known(self) -> None:
        """Wait until svc-import's copy holds everything that was made here."""
        async with asyncio.timeout(KNOWN_WITHIN_S), self._copy() as session:
            while not await self._is_known(session):  # noqa: ASYNC110 - another process of the suite brings it about
                await asyncio.sleep(0.02)

    async def state_of(self, address_id: UUID) -> AddressState:
        """Return an address as svc-import knows it."""
        async with self._copy() as session:
            state = await find_address(session, SystemPrincipal(), address_id)
        if state is None:
            raise RuntimeError("svc-import does not know the address")
        return state

    async def _is_known(self, session: AsyncSession) -> bool:
        present = {kind: await projection.ids_of(session, kind) for kind in self._made}
        return all(ids <= present[kind] for kind, ids in self._made.items())

    @asynccontextmanager
    async def _copy(self) -> AsyncIterator[AsyncSession]:
        engine = create_engine(self.database.dsn("import"), schema="import", application="test", pool_size=1)
        async with session_factory(engine)() as session, session.begin():
            await bind_organisation(session, SystemPrincipal())
            yield session
        await engine.dispose()

    async def _ask(self, method: str, path: str, body: Any = None, *, caller: PersonPrincipal | None = None) -> Any:
        headers = self.service.as_person(caller or self.operator)
        answer = await self.service.client.request(method, path, json=body, headers=headers)
        if not answer.is_success:
            raise RuntimeError(f"{method} {path}: {answer.text}")
        return answer.json() if answer.content else None

    def _noted(self, kind: Kind, made: Mapping[str, Any]) -> UUID:
        made_id = UUID(made["id"])
        self._made.setdefault(kind, set()).add(made_id)
        return made_id


def _manager(organisation_id: UUID | None) -> PersonPrincipal:
    return somebody(Role.OWNER, organisation_id=organisation_id)

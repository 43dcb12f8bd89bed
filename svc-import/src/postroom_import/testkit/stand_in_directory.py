"""What svc-directory tells svc-import, without svc-directory: each service is tested alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from postroom_shared.database import bind_organisation, create_engine, session_factory
from postroom_shared.localservers.ports import free_port
from postroom_shared.principal import PersonPrincipal, Role, SystemPrincipal
from postroom_shared.projection import repository as projection
from postroom_shared.projection import states
from postroom_shared.projection.states import Kind
from postroom_shared.testkit import MASTER_LOGIN, MASTER_SECRET, TestDatabase, TestDovecot
from postroom_shared.testkit.services import somebody
from postroom_shared.values import Address, Domain, uuid7

T = TypeVar("T", bound=states.State)


@dataclass
class StandInDirectory:
    """What svc-directory would tell: states by kind, and the master logins of its mail servers."""

    known: dict[Kind, list[Any]] = field(default_factory=dict)
    masters: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    url: str = ""

    def add(self, kind: Kind, state: T) -> T:
        """Tell of a state too."""
        self.known.setdefault(kind, []).append(state)
        return state

    def mail_server(self, dovecot: TestDovecot, *, port: int | None = None) -> UUID:
        """Tell of a mail server with a master login, perhaps behind another port; return its id."""
        endpoint = states.Endpoint(host=dovecot.host, port=port or dovecot.ports.imap, tls="none")
        ca_pem = dovecot.certificate_file.read_text() if dovecot.ports.imaps else None
        server = states.MailServerState(
            id=uuid7(), version=1, name="mail", imap=endpoint, managesieve=None, lmtp=None, smtp=None, tls_ca_pem=ca_pem
        )
        self.masters[server.id] = {"user": MASTER_LOGIN, "secret": MASTER_SECRET, "version": 1}
        return self.add(Kind.MAIL_SERVER, server).id

    def known_place(self, host: str, port: int) -> None:
        """Tell of a mail server at a place that the rules for hosts would refuse."""
        endpoint = states.Endpoint(host=host, port=port, tls="none")
        server = states.MailServerState(
            id=uuid7(), version=1, name="", imap=endpoint, managesieve=None, lmtp=None, smtp=None, tls_ca_pem=None
        )
        self.add(Kind.MAIL_SERVER, server)

    def mail_service(
        self, organisation_id: UUID, server_id: UUID, *domains: tuple[str, str | None], language: str = "fr"
    ) -> UUID:
        """Tell of a mail service; each domain with what it is an alias of. Return its id."""
        named = tuple(
            states.DomainState(name=Domain(name), alias_of=Domain(of) if of else None, is_primary=of is None)
            for name, of in domains
        )
        service = states.MailServiceState(
            id=uuid7(),
            version=1,
            organisation_id=organisation_id,
            mail_server_id=server_id,
            name="mail",
            language=language,
            time_zone="Europe/Zurich",
            plan="free",
            log_retention_days=20,
            logs_since=datetime(2026, 1, 1, tzinfo=UTC),
            domains=named,
        )
        return self.add(Kind.MAIL_SERVICE, service).id

    def address(self, organisation_id: UUID, service_id: UUID, address: str) -> states.AddressState:
        """Tell of an address."""
        state = states.AddressState(
            id=uuid7(),
            version=1,
            organisation_id=organisation_id,
            mail_service_id=service_id,
            address=Address(address),
            kind="mailbox",
            display_name="",
            attributes={},
            enabled=True,
            sub_addressing=True,
            catch_all=False,
            spam_filter=False,
            advertising_filter=False,
            credential_version=1,
        )
        return self.add(Kind.ADDRESS, state)

    def alias(self, address: states.AddressState, alias: str) -> None:
        """Tell of an alias."""
        state = states.AliasState(
            id=uuid7(),
            version=1,
            organisation_id=address.organisation_id,
            address_id=address.id,
            alias=Address(alias),
        )
        self.add(Kind.ALIAS, state)

    def attach(self, address: states.AddressState, person: PersonPrincipal) -> None:
        """Tell that an address is attached to a person."""
        grant = states.GrantState(
            id=uuid7(),
            version=1,
            organisation_id=address.organisation_id,
            address_id=address.id,
            person_id=person.person_id,
            rights=(),
        )
        self.add(Kind.GRANT, grant)

    def organisation(self) -> UUID:
        """Tell of an active organisation; return its id."""
        state = states.OrganisationState(
            id=uuid7(), version=1, name="Firma", language="fr", time_zone="Europe/Zurich", state="active"
        )
        return self.add(Kind.ORGANISATION, state).id

    def member(self, organisation_id: UUID, role: Role) -> PersonPrincipal:
        """Tell of a person and what they are in an organisation."""
        person = somebody(role, organisation_id=organisation_id)
        state = states.PersonState(
            id=person.person_id,
            version=1,
            email=Address(f"{person.person_id.hex}@people.test"),
            display_name="",
            language="en",
            enabled=True,
            operator=False,
            credential_version=1,
        )
        self.add(Kind.PERSON, state)
        membership = states.MembershipState(
            id=uuid7(), version=1, organisation_id=organisation_id, person_id=person.person_id, role=role
        )
        self.add(Kind.MEMBERSHIP, membership)
        return person

    async def load(self, database: TestDatabase) -> None:
        """Put the states into the local copy of svc-import, as the refresher does."""
        engine = create_engine(database.dsn("import"), schema="import", application="test", pool_size=1)
        async with session_factory(engine)() as session, session.begin():
            await bind_organisation(session, SystemPrincipal())
            for kind in Kind:
                await projection.store(session, kind, self.known.get(kind, []))
                await projection.mark_loaded(session, kind)
        await engine.dispose()

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """Answer for master logins on a socket while the body runs."""
        app = Starlette(routes=[Route("/internal/v1/mail-servers/{server_id}/master-login", self._master_login)])
        port = free_port()
        server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event to wait for
            await asyncio.sleep(0.01)
        self.url = f"http://127.0.0.1:{port}"
        try:
            yield
        finally:
            server.should_exit = True
            await serving

    async def _master_login(self, request: Request) -> JSONResponse:
        login = self.masters.get(UUID(request.path_params["server_id"]))
        if login is None or not request.headers.get("authorization", "").startswith("Bearer "):
            return JSONResponse({}, status_code=404)
        return JSONResponse(login)

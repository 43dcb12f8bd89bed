"""An organisation with mail: a mail server, a mail service with a domain, and addresses, all made through the API."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest_asyncio
from sqlalchemy import make_url

from postroom_shared.principal import AddressRight, PersonPrincipal, Role
from postroom_shared.values import uuid7

SERVER = {
    "imap": {"host": "imap.example.com", "port": 993, "tls": "implicit"},
    "managesieve": {"host": "imap.example.com", "port": 4190, "tls": "starttls"},
    "lmtp": {"host": "127.0.0.1", "port": 24, "tls": "none"},
    "smtp": {"host": "smtp.example.com", "port": 587, "tls": "starttls"},
}


@dataclass(frozen=True)
class Estate:
    """What an organisation has, and ways to give it more."""

    directory: Any
    operator: PersonPrincipal
    house: Any
    server_id: str
    service_id: str
    domain: str

    @property
    def service_path(self) -> str:
        return f"/v1/mail-services/{self.service_id}"

    async def address(self, local: str = "", **details: Any) -> Any:
        """Create an address of the domain and return it; a fresh one unless named."""
        body = {"mail_service_id": self.service_id, "address": f"{local or uuid7().hex}@{self.domain}", **details}
        return await self.directory.made("POST", "/v1/addresses", self.house.administrator, body=body)

    async def grant(self, role: Role, address: Any, *rights: AddressRight) -> PersonPrincipal:
        """Attach *address* to the person of this role, with exactly these rights; return the person."""
        person = self.house.people[role]
        body = {"person_id": str(person.person_id), "rights": rights}
        path = f"/v1/addresses/{address['id']}/grants"
        await self.directory.made("POST", path, self.house.administrator, body=body)
        return person

    async def further_domain(self, name: str = "", *, alias_of: str | None = None) -> Any:
        """Give the mail service a further domain and return it; a fresh one unless named."""
        body = {"name": name or f"{uuid7().hex}.example.org", "alias_of": alias_of}
        return await self.directory.made("POST", f"{self.service_path}/domains", self.operator, body=body)

    async def alias(self, address: Any, alias: str) -> Any:
        """Give *address* a further name."""
        path = f"/v1/addresses/{address['id']}/aliases"
        return await self.directory.made("POST", path, self.house.administrator, body={"alias": alias})

    async def set_password(self, address: Any, password: str) -> None:
        """Give *address* a password."""
        path = f"/v1/addresses/{address['id']}:change-password"
        await self.directory.made("POST", path, self.house.administrator, body={"password": password})


async def furnish(directory: Any, operator: PersonPrincipal, house: Any, *, server_id: str = "") -> Estate:
    """Give *house* a mail service with a domain of its own."""
    if not server_id:
        body = SERVER | {"name": f"server {uuid7().hex}"}
        server_id = (await directory.made("POST", "/v1/mail-servers", operator, body=body))["id"]
    domain = f"{uuid7().hex}.example.com"
    body = {
        "organisation_id": str(house.id),
        "mail_server_id": server_id,
        "name": "Mail",
        "primary_domain": domain,
        "language": "fr",
        "time_zone": "Europe/Zurich",
    }
    service = await directory.made("POST", "/v1/mail-services", operator, body=body)
    return Estate(directory, operator, house, server_id, service["id"], domain)


@pytest_asyncio.fixture(loop_scope="session")
async def estate(directory: Any, operator: PersonPrincipal, house: Any) -> Estate:
    """The mail of `house`."""
    return await furnish(directory, operator, house)


@pytest_asyncio.fixture(loop_scope="session")
async def other_estate(directory: Any, operator: PersonPrincipal) -> Estate:
    """The mail of another organisation, with a person of each role too."""
    return await furnish(directory, operator, await directory.house())


class MailViews:
    """The views of `mail`, as a mail server reads them: in a session of its read-only role."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection

    async def rows(self, view: str, **equal: Any) -> list[dict[str, Any]]:
        """Return the rows of a view whose columns equal these."""
        conditions = " and ".join(f'"{name}" = ${number}' for number, name in enumerate(equal, 1)) or "true"
        query = f"select * from mail.{view} where {conditions}"  # noqa: S608 - names of this file
        return [dict(row) for row in await self.connection.fetch(query, *equal.values())]

    async def targets(self, alias: str) -> set[str]:
        """Return where mail for a name goes, as Postfix's `virtual_alias_maps` sees it."""
        return {row["target"] for row in await self.rows("v_alias", alias=alias)}

    async def logins(self, sender: str) -> set[str]:
        """Return who may use a sender, as Postfix's `smtpd_sender_login_maps` sees it."""
        return {row["login"] for row in await self.rows("v_sender_login", sender=sender)}

    async def mailbox(self, address: str) -> dict[str, Any] | None:
        """Return what Dovecot finds of an address."""
        found = await self.rows("v_mailbox", address=address)
        return found[0] if found else None


@pytest_asyncio.fixture(loop_scope="session")
async def views(directory: Any) -> AsyncIterator[MailViews]:
    """A session of the role `mail_reader` in the service's database."""
    url = make_url(directory.service.runtime.settings.database_url.get_secret_value())
    connection = await asyncpg.connect(
        host=url.host, port=url.port, database=url.database, user="mail_reader", password=url.password
    )
    yield MailViews(connection)
    await connection.close()


def path_of(address: Any, *rest: str) -> str:
    """Return the path of an address or of something that hangs on it."""
    return "/".join((f"/v1/addresses/{address['id']}", *rest))


def anybody_but(house: Any, *roles: Role) -> list[PersonPrincipal]:
    """Return the people of a house who have none of these roles."""
    return [person for role, person in house.people.items() if role not in roles]


def unknown() -> UUID:
    """Return an id that nothing has."""
    return uuid7()

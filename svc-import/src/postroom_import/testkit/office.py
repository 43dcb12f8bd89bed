"""svc-import at work for an organisation with people and addresses."""

import asyncio
import json
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

import httpx

from postroom_import.app import SERVICE
from postroom_import.imap.authentication import PasswordCredentials
from postroom_import.imap.client import ImapClient
from postroom_import.imap.transport import Endpoint, Security, tcp
from postroom_import.testkit.directory_desk import DirectoryDesk
from postroom_import.testkit.looking import SeenFolder, look_into
from postroom_import.testkit.made_mailboxes import MadeMailbox, fill
from postroom_shared.localservers.ports import free_port
from postroom_shared.principal import PersonPrincipal
from postroom_shared.projection import states
from postroom_shared.testkit import MAILBOX_PASSWORD, TestDatabase, TestDovecot, TestNats
from postroom_shared.testkit.services import RunningService, TestIdentity, running_service
from postroom_shared.values import Address


@dataclass(kw_only=True)
class Office:
    """An organisation with people and addresses, and the service that copies for them."""

    api: RunningService
    directory: DirectoryDesk
    database: TestDatabase
    nats: TestNats
    identity: TestIdentity
    source_server: TestDovecot
    target_server: TestDovecot
    organisation_id: UUID
    owner: PersonPrincipal
    member: PersonPrincipal
    other_member: PersonPrincipal
    stranger: PersonPrincipal
    source: Address
    second_source: Address
    target: states.AddressState
    settings: dict[str, Any]

    def new_copy(self, **changes: Any) -> dict[str, Any]:
        """Return the body of a valid request."""
        source = {"kind": "local", "address": self.source, "password": MAILBOX_PASSWORD}
        return {"source": source, "target_address_id": str(self.target.id), **changes}

    async def post(self, path: str, body: Any = None, *, caller: PersonPrincipal | None = None) -> httpx.Response:
        """Send a POST as *caller*."""
        return await self.api.client.post(path, json=body, headers=self.api.as_person(caller or self.member))

    async def get(self, path: str, *, caller: PersonPrincipal | None = None) -> httpx.Response:
        """Send a GET as *caller*."""
        return await self.api.client.get(path, headers=self.api.as_person(caller or self.member))

    async def request(self, **changes: Any) -> str:
        """Ask for a copy and return its id."""
        answer = await self.post("/v1/imports", self.new_copy(**changes))
        if answer.status_code != HTTPStatus.ACCEPTED:
            raise RuntimeError(answer.text)
        return str(answer.json()["id"])

    async def until(self, copy_id: str, *states_: str, timeout_s: float = 40) -> dict[str, Any]:
        """Wait until the copy is in one of these states and return it in full."""
        async with asyncio.timeout(timeout_s):
            while True:
                copy = (await self.get(f"/v1/imports/{copy_id}")).json()
                if copy["state"] in states_:
                    return dict(copy)
                await asyncio.sleep(0.05)

    def worker(self, **changes: Any) -> AbstractAsyncContextManager[RunningService]:
        """Return a running worker process's work, in this process."""
        return running_service(
            SERVICE,
            database=self.database,
            nats=self.nats,
            identity=self.identity,
            work=True,
            **self.settings | changes,
        )

    async def look(self, server: TestDovecot, address: str) -> dict[str, SeenFolder]:
        """Look into a mailbox."""
        return await look_into(server.host, server.ports.imap, address, MAILBOX_PASSWORD)

    async def fill(self, server: TestDovecot, address: str, mailbox: MadeMailbox, **spelling: str) -> None:
        """Put *mailbox* into the mailbox of *address*."""
        async with await signed_in(server, address) as client:
            await fill(client, mailbox, **spelling)

    def environment(self, **changes: Any) -> dict[str, str]:
        """Return the environment variables of a worker process of its own."""
        values = {
            "environment": "development",
            "port": free_port(),
            "database_url": self.database.dsn("import"),
            "nats_url": self.nats.url,
            "identity_key": json.dumps(self.identity.keys["import"].as_dict(private=True)),
            "trusted_keys_file": self.identity.trusted_keys_file,
            "master_keys_file": self.identity.master_keys_file,
            **self.settings,
            **changes,
        }
        return {f"POSTROOM_IMPORT_{name.upper()}": str(value) for name, value in values.items()}


async def signed_in(server: TestDovecot, address: str) -> ImapClient:
    """Return a client that is signed in to the mailbox of *address*."""
    client = await ImapClient.open(Endpoint(tcp(server.host, server.ports.imap), Security.NONE))
    await client.login(PasswordCredentials(address, MAILBOX_PASSWORD))
    return client

"""The whole suite as a newcomer starts it, with its demo; one for all tests that kill nothing."""

import asyncio
import contextlib
import imaplib
import os
import signal
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from postroom.public_api import ApiProblemError, PublicApi
from postroom.testkit import Launcher, free_base_port
from postroom_import.imap.authentication import PasswordCredentials
from postroom_import.imap.client import ImapClient
from postroom_import.imap.errors import ImapUnavailableError
from postroom_import.imap.transport import Endpoint, Security, tcp
from postroom_import.testkit.looking import SeenFolder, look_into
from postroom_import.testkit.made_mailboxes import MadeMailbox, fill
from postroom_shared.testkit.folders import temporary_folder

PASSWORD = "a mailbox of the tests"
NOT_YET_KNOWN = {"urn:postroom:problem:import/not-local", "urn:postroom:problem:import/target-not-attached"}


@dataclass(frozen=True)
class Suite:
    """A running suite and the sign-ins of its demo."""

    launcher: Launcher
    credentials: dict[str, Any]
    _reading: list[asyncio.Task[str]]

    async def up(self) -> None:
        """Start it and wait until it is ready."""
        await self.launcher.up()
        # Its output must not fill the pipe.
        self._reading.append(asyncio.create_task(self.launcher.line_with("never printed", within_s=None)))
        self.credentials.update(await self.launcher.json("credentials"))

    async def kill_all(self) -> None:
        """Kill the launcher and all that it has started, at once."""
        pids = (await self.launcher.pids()).values()
        self.launcher.process.kill()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        await self.launcher.process.wait()
        await self.stop_reading()

    async def stop_reading(self) -> None:
        """Let go of the launcher's output."""
        for task in self._reading:
            task.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)
        self._reading.clear()

    def api(self, role: str) -> PublicApi:
        """Return a client signed in as the demo's person of that role."""
        sign_in = next(each for each in self.credentials["sign_ins"] if each["role"] == role)
        api = PublicApi(self.launcher.url)
        api.sign_in(sign_in["email"], sign_in["password"])
        return api

    def new_address(self, owner: PublicApi) -> dict[str, Any]:
        """Return a new address with an empty mailbox, attached to the owner."""
        service = next(owner.items("/v1/mail-services"))
        wanted = {"mail_service_id": service["id"], "address": f"m{uuid.uuid4().hex[:12]}@example.com"}
        made: dict[str, Any] = owner.call("POST", "/v1/addresses", wanted)
        owner.call("POST", f"/v1/addresses/{made['id']}:change-password", {"password": PASSWORD})
        me = owner.call("GET", "/v1/me")["person"]["id"]
        owner.call("POST", f"/v1/addresses/{made['id']}/grants", {"person_id": me})
        return made

    def local(self, address: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """Return a mailbox of this mail server as a source."""
        return {"kind": "local", "address": address["address"], "password": PASSWORD, **changes}

    def ask(self, api: PublicApi, source: dict[str, Any], target: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """Ask for a copy; an address that was made a moment ago is known to svc-import a moment later."""
        body = {"source": source, "target_address_id": target["id"], **changes}
        deadline = time.monotonic() + 15
        while True:
            try:
                copy: dict[str, Any] = api.call("POST", "/v1/imports", body)
            except ApiProblemError as problem:
                if problem.type not in NOT_YET_KNOWN or time.monotonic() > deadline:
                    raise
            else:
                return copy

    def copy(
        self, api: PublicApi, source: dict[str, Any], target: dict[str, Any], **changes: Any
    ) -> list[dict[str, Any]]:
        """Ask for a copy and return every state that its events tell of, until the end."""
        copy = self.ask(api, source, target, **changes)
        events = list(api.events(f"/v1/imports/{copy['id']}/events"))
        assert events[-1][0] == "done"
        return [data for name, data in events if name == "progress"]

    async def fill(self, address: str, mailbox: MadeMailbox) -> None:
        """Put *mailbox* into the mailbox of *address*.

        Dovecot says UNAVAILABLE for a moment after another test has killed PostgreSQL; then it is tried again.
        """
        place = Endpoint(tcp("127.0.0.1", self.launcher.ports.dovecot.imap), Security.NONE)
        async with asyncio.timeout(60):
            while True:
                async with await ImapClient.open(place) as client:
                    with contextlib.suppress(ImapUnavailableError):
                        await client.login(PasswordCredentials(address, PASSWORD))
                        await fill(client, mailbox)
                        return
                await asyncio.sleep(0.5)

    async def delete_confirmation(self, address: str) -> None:
        """Delete the mail that tells *address* of a copy, once it has come, as its reader would."""
        await asyncio.to_thread(_delete_confirmation, self.launcher.ports.dovecot.imap, address)

    async def look(self, address: str, password: str = PASSWORD) -> dict[str, SeenFolder]:
        """Return all that is in a mailbox, read by another IMAP client."""
        return await look_into("127.0.0.1", self.launcher.ports.dovecot.imap, address, password)


def _delete_confirmation(port: int, address: str) -> None:
    deadline = time.monotonic() + 30
    with imaplib.IMAP4("127.0.0.1", port, timeout=60) as server:
        server.login(address, PASSWORD)
        while True:
            server.select("INBOX")
            found = server.uid("SEARCH", 'HEADER "Message-ID" "<import."')[1][0].split()
            if found or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        assert len(found) == 1, address
        uid = found[0].decode()
        server.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")
        server.uid("EXPUNGE", uid)


@asynccontextmanager
async def _running_suite() -> AsyncIterator[Suite]:
    with temporary_folder() as folder:
        folder.chmod(0o711)
        suite = Suite(Launcher(folder / "data", free_base_port()), {}, [])
        await suite.up()
        yield suite
        await suite.stop_reading()
        await suite.launcher.close()


@pytest.fixture(scope="session")
def start_suite() -> Callable[[], AbstractAsyncContextManager[Suite]]:
    """Starts a suite of a test's own."""
    return _running_suite


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def suite() -> AsyncIterator[Suite]:
    async with _running_suite() as running:
        yield running


@pytest.fixture
def owner(suite: Suite) -> Iterator[PublicApi]:
    with suite.api("owner") as api:
        yield api

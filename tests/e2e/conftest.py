"""The whole suite as a newcomer starts it, with its demo; one for all tests that kill nothing."""

import asyncio
import contextlib
import imaplib
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

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
T = TypeVar("T")
NOT_YET_KNOWN = {"urn:postroom:problem:import/not-local", "urn:postroom:problem:import/target-not-attached"}


@dataclass(frozen=True)
class Suite:
    """A running suite and the sign-ins of its demo."""

    launcher: Launcher
    credentials: dict[str, Any]

    async def up(self) -> None:
        """Start it and wait until it is ready."""
        await self.launcher.up()
        self.launcher.read_on()
        self.credentials.update(await self.launcher.json("credentials"))

    @staticmethod
    def eventually(look: Callable[[], T | None], *, within_s: float = 15, pause_s: float = 0.1) -> T:
        """Return what *look* finds, looking again until it does: another process brings it about.

        Raises:
            TimeoutError: It found nothing within *within_s*.
        """
        deadline = time.monotonic() + within_s
        while (found := look()) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {within_s} s")
            time.sleep(pause_s)  # nothing tells this process when
        return found

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
        """Ask for a copy, once svc-import has heard of addresses that were made a moment ago."""
        copy: dict[str, Any] = self.eventually(lambda: self._ask(api, source, target, **changes))
        return copy

    def known_address(self, owner: PublicApi) -> dict[str, Any]:
        """Return a new address that svc-import has heard of: it refuses the password, not the address."""
        made = self.new_address(owner)

        def refusal() -> ApiProblemError | None:
            try:
                return self._ask(owner, self.local(made, password="wrong"), made)
            except ApiProblemError as problem:
                return problem

        self.eventually(refusal, within_s=60)
        return made

    def _ask(self, api: PublicApi, source: dict[str, Any], target: dict[str, Any], **changes: Any) -> Any:
        """Return the copy, None while svc-import does not know an address yet."""
        try:
            return api.call("POST", "/v1/imports", {"source": source, "target_address_id": target["id"], **changes})
        except ApiProblemError as problem:
            if problem.type not in NOT_YET_KNOWN:
                raise
            return None

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
    with imaplib.IMAP4("127.0.0.1", port, timeout=60) as server:
        server.login(address, PASSWORD)

        def found() -> list[bytes] | None:
            server.select("INBOX")
            return server.uid("SEARCH", 'HEADER "Message-ID" "<import."')[1][0].split() or None

        (uid,) = Suite.eventually(found, within_s=30)
        server.uid("STORE", uid.decode(), "+FLAGS.SILENT", r"(\Deleted)")
        server.uid("EXPUNGE", uid.decode())


@asynccontextmanager
async def _running_suite() -> AsyncIterator[Suite]:
    with temporary_folder() as folder:
        folder.chmod(0o711)
        suite = Suite(Launcher(folder / "data", free_base_port()), {})
        await suite.up()
        yield suite
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

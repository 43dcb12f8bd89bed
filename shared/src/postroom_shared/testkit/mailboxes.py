"""Dovecot for a test session, in any layout."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from postroom_shared.localservers.accounts import unprivileged_account
from postroom_shared.localservers.dovecot import DovecotServer
from postroom_shared.localservers.dovecot_accounts import Accounts, ListedAccounts, StaticAccounts, plain
from postroom_shared.localservers.dovecot_configuration import DovecotPorts, DovecotSettings, MailLayout
from postroom_shared.localservers.ports import free_ports

MAILBOX_PASSWORD = "mailbox password"  # noqa: S105 - of mailboxes that live for one test session
MASTER_LOGIN = "svc-test"
MASTER_SECRET = "master-secret-of-the-tests"  # noqa: S105


@dataclass(frozen=True, slots=True)
class TestDovecot:
    """A running Dovecot on 127.0.0.1.

    Attributes:
        server: To kill, stop or start it again; `server.settings.homes` holds the mail.
    """

    __test__: ClassVar[bool] = False

    server: DovecotServer
    host: str = "127.0.0.1"

    @property
    def ports(self) -> DovecotPorts:
        """The ports it listens on."""
        return self.server.settings.ports

    def new_address(self, domain: str = "example.test") -> str:
        """Return an address no other test has; its mailbox is empty (for servers where any address exists)."""
        return f"m{uuid.uuid4().hex[:16]}@{domain}"

    @property
    def certificate_file(self) -> Path:
        """The certificate (PEM) to trust, when it was started with TLS."""
        return self.server.certificate_file


class StartDovecot:
    """Starts Dovecots; the same wishes give the same running server, all are stopped at the end of the session."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, TestDovecot] = {}
        self._lock = asyncio.Lock()

    async def __call__(
        self,
        *,
        layout: MailLayout | None = None,
        passwords: Mapping[str, str] | None = None,
        accounts: Accounts | None = None,
        tls: bool = False,
        quota_bytes: int | None = None,
        submission_port: int | None = None,
        name: str = "",
    ) -> TestDovecot:
        """Return a running Dovecot.

        Args:
            layout: Separator, prefix, special-use folders, storage format.
            passwords: Exactly these addresses exist, with these passwords; else any address with `MAILBOX_PASSWORD`.
            accounts: Another source of accounts instead, as `DirectoryAccounts`.
            tls: STARTTLS on the IMAP port, and an IMAPS port.
            quota_bytes: Of each mailbox.
            submission_port: Where replies of responders go by SMTP.
            name: Another name gives another server (to kill it, say).
        """
        chosen = accounts or _accounts(passwords)
        wishes = repr((layout, chosen, tls, quota_bytes, submission_port, name))
        async with self._lock:
            if wishes not in self._running:
                imap, imaps, lmtp, managesieve = free_ports(4)
                ports = DovecotPorts(imap=imap, imaps=imaps if tls else None, lmtp=lmtp, managesieve=managesieve)
                settings = DovecotSettings(
                    folder=self._folder / f"dovecot-{len(self._running)}",
                    ports=ports,
                    accounts=chosen,
                    account=unprivileged_account(),
                    layout=layout or MailLayout(),
                    master_secrets={MASTER_LOGIN: MASTER_SECRET},
                    quota_bytes=quota_bytes,
                    tls=tls,
                    submission_port=submission_port,
                    durable=False,
                    failure_delay_s=0,
                )
                server = DovecotServer(settings)
                await server.start()
                self._running[wishes] = TestDovecot(server)
        return self._running[wishes]

    async def stop_all(self) -> None:
        """Stop them, all at once."""
        await asyncio.gather(*(each.server.stop() for each in self._running.values()))
        self._running.clear()


def _accounts(passwords: Mapping[str, str] | None) -> Accounts:
    if passwords is None:
        return StaticAccounts(password=MAILBOX_PASSWORD)
    return ListedAccounts(passwords={address: plain(password) for address, password in passwords.items()})


@asynccontextmanager
async def dovecots(folder: Path) -> AsyncIterator[StartDovecot]:
    """Yield the starter of Dovecots below *folder*; stop them all at the end."""
    start = StartDovecot(folder)
    try:
        yield start
    finally:
        await start.stop_all()

"""The whole suite on one machine, from an empty folder to the ready line, and down again."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from postroom.first_start import ensure_demo
from postroom.folder import DataFolder
from postroom.mail_catcher import MailCatcher
from postroom.ports import Ports
from postroom.preparing import Preparation
from postroom.servers import SuiteServers, make_servers, prepare_database
from postroom.service_process import SuiteAddresses, service_processes
from postroom.sign_ins import sign_in_lines
from postroom.state import write_state
from postroom.suite_secrets import SuiteSecrets
from postroom.supervisor import Supervised, Supervisor
from postroom_shared.localservers.accounts import require_passage, unprivileged_account
from postroom_shared.localservers.ports import require_free
from postroom_shared.localservers.process import LocalProcess
from postroom_shared.localservers.stale import end_processes_below
from postroom_shared.manifest import ServiceManifest

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class SuiteWishes:
    """What the command line says.

    Attributes:
        account: That PostgreSQL, NATS and Dovecot run as when the launcher is root.
        mail: Whether to run Dovecot where it is installed.
        demo: Whether a new folder gets the demo organisation.
    """

    folder: Path
    port: int
    manifests: tuple[ServiceManifest, ...]
    account: str | None = None
    postgres_bin: Path | None = None
    prefer_system_postgres: bool = False
    mail: bool = True
    demo: bool = True


async def run_suite(wishes: SuiteWishes, *, say: Say) -> None:
    """Start everything, say the ready line, keep it running until SIGINT or SIGTERM, stop everything.

    Raises:
        LocalServerError: Something is missing, in use or did not start; all that was started is stopped again.
    """
    folder = DataFolder(wishes.folder.absolute())
    folder.create()
    require_passage(folder.path / "postgres", unprivileged_account(wishes.account))
    with folder.locked():
        running = asyncio.create_task(_run(wishes, folder, say))
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(each, running.cancel)
        try:
            await running
        except asyncio.CancelledError:
            say("Stopped.")


async def _run(wishes: SuiteWishes, folder: DataFolder, say: Say) -> None:
    addresses = SuiteAddresses(
        folder=folder,
        ports=Ports(wishes.port),
        secrets=SuiteSecrets.open(folder.secrets, wishes.manifests),
        manifests=wishes.manifests,
    )
    servers = make_servers(
        addresses,
        account=unprivileged_account(wishes.account),
        postgres_bin=wishes.postgres_bin,
        prefer_system_postgres=wishes.prefer_system_postgres,
        mail=wishes.mail,
    )
    await _end_leftovers(folder, servers)
    require_free(addresses.ports.of(wishes.manifests))
    launcher = {"pid": os.getpid(), "port": wishes.port, "started_at": time.time()}
    supervisor = Supervisor(changed=lambda found: write_state(folder.state_file, found, launcher), say=say)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(_stop, supervisor, say)
        await _start_all(addresses, servers, supervisor, stack, say)
        await _say_ready(wishes, addresses, servers, say)
        await asyncio.Event().wait()


async def _end_leftovers(folder: DataFolder, servers: SuiteServers) -> None:
    """End what a killed launcher left running on this folder, PostgreSQL by fast shutdown."""
    known: list[LocalProcess] = [servers.postgres.process, servers.nats.process]
    if servers.dovecot is not None:
        known.append(servers.dovecot.process)
    await asyncio.gather(*(each.end_leftovers() for each in known))
    await end_processes_below(folder.path)


async def _start_all(
    addresses: SuiteAddresses, servers: SuiteServers, supervisor: Supervisor, stack: AsyncExitStack, say: Say
) -> None:
    ports = addresses.ports
    preparation = await Preparation.start(addresses)
    stack.push_async_callback(preparation.close)
    await _start(supervisor, [Supervised(name="postgres", server=servers.postgres, port=ports.postgres)], say)
    await prepare_database(addresses, servers.postgres)
    servers.nats.permit(await preparation.nats_permissions())
    await _start(supervisor, [Supervised(name="nats", server=servers.nats, port=ports.nats)], say)
    await preparation.migrate()
    await preparation.close()
    if servers.dovecot is not None:
        dovecot = Supervised(name="dovecot", server=servers.dovecot, port=ports.dovecot.imap)
        await _start(supervisor, [dovecot], say)
    catcher = MailCatcher(
        addresses.folder.caught_mail,
        port=ports.smtp,
        lmtp_port=ports.dovecot.lmtp if servers.dovecot else None,
        say=say,
    )
    await catcher.start()
    stack.push_async_callback(catcher.stop)
    services = [
        Supervised(name=each.name, server=each, port=each.port, health_path=each.health_path)
        for each in service_processes(addresses)
    ]
    await _start(supervisor, services, say)


async def _start(supervisor: Supervisor, servers: Sequence[Supervised], say: Say) -> None:
    await supervisor.start(*servers)
    for each in servers:
        say(f"{each.name:<16} 127.0.0.1:{each.port:<6} ready in {each.seconds:.1f} s")


async def _say_ready(wishes: SuiteWishes, addresses: SuiteAddresses, servers: SuiteServers, say: Say) -> None:
    mail = servers.dovecot is not None
    demo = await ensure_demo(addresses, servers.nats, mail=mail) if wishes.demo else None
    if not mail:
        say(f"Without demo mailboxes: {servers.without_mail}")
    say(f"Postroom is ready: {addresses.public_url}")
    for line in sign_in_lines(demo):
        say(line)


async def _stop(supervisor: Supervisor, say: Say) -> None:
    say("Stopping…")
    await supervisor.stop()

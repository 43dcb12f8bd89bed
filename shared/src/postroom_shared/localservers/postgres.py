"""A PostgreSQL server of our own on 127.0.0.1, in a folder of our own."""

import os
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from postroom_shared.localservers.accounts import Account, make_folder, require_passage, write_private
from postroom_shared.localservers.errors import LocalServerError, ProcessDiedError, tail
from postroom_shared.localservers.ports import LOOPBACK
from postroom_shared.localservers.postgres_binaries import PostgresBinaries
from postroom_shared.localservers.process import Command, LocalProcess
from postroom_shared.localservers.stale import drop_stale_pid_file

SUPERUSER = "postroom_superuser"
SOCKET_PATH_LIMIT_BYTES = 107  # sun_path of unix(7) without its closing zero
START_ATTEMPTS = 5
VOLATILE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0")


@dataclass(frozen=True, kw_only=True, slots=True)
class PostgresSettings:
    """Where and how the server runs.

    Attributes:
        folder: Holds the cluster, the socket and the log; created when missing.
        superuser_password: Of `SUPERUSER`; fixed at the first start.
        durable: False trades safety against a crash for speed (tests).
        max_connections: Five for each process of the suite and some more.
    """

    folder: Path
    port: int
    superuser_password: str
    binaries: PostgresBinaries
    account: Account | None = None
    durable: bool = True
    max_connections: int = 200


class PostgresServer:
    """One cluster: created at the first start, stopped by fast shutdown, its data kept."""

    def __init__(self, settings: PostgresSettings) -> None:
        self.settings = settings
        cache = settings.folder / "programs"
        self._binaries = settings.binaries.reachable_by(settings.account, cache=cache)
        self._environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        self.process = LocalProcess(self._command())

    def dsn(self, *, user: str = SUPERUSER, password: str | None = None, database: str = "postgres") -> str:
        """Return a `postgresql://` address of this server for *user*."""
        secret = self.settings.superuser_password if password is None else password
        return f"postgresql://{quote(user)}:{quote(secret, safe='')}@{LOOPBACK}:{self.settings.port}/{quote(database)}"

    async def start(self) -> None:
        """Create the cluster if there is none, start the server and wait until it takes queries.

        A server that an earlier, killed launcher left on the same data is shut down first.
        """
        settings = self.settings
        require_passage(settings.folder, settings.account)
        make_folder(settings.folder, settings.account)
        if not self._cluster.exists():
            self._create_cluster()
        for attempt in range(1, START_ATTEMPTS + 1):
            await self.process.end_leftovers()
            for file in (self._cluster / "postmaster.pid", self._socket_lock):
                drop_stale_pid_file(file, expected=str(self._cluster))
            await self.process.start()
            try:
                await self.process.until_ready(self._ready)
            except ProcessDiedError:
                # Back ends of a killed server may hold the shared memory for a moment longer.
                if attempt == START_ATTEMPTS or "pre-existing shared memory" not in tail(self._log_file):
                    raise
            else:
                return

    async def stop(self) -> None:
        """Shut down fast: sessions are ended, the data is written out."""
        await self.process.stop()

    @property
    def _cluster(self) -> Path:
        return self.settings.folder / "cluster"

    @property
    def _socket_lock(self) -> Path:
        return self.settings.folder.resolve() / f".s.PGSQL.{self.settings.port}.lock"

    @property
    def _log_file(self) -> Path:
        return self.settings.folder / "postgres.log"

    def _command(self) -> Command:
        settings = self.settings
        options = [
            f"listen_addresses={LOOPBACK}",
            f"port={settings.port}",
            f"unix_socket_directories={self._socket_folder()}",
            "unix_socket_permissions=0700",
            f"max_connections={settings.max_connections}",
            "shared_buffers=64MB",
            "log_line_prefix=%m [%p] %u@%d ",
            *(() if settings.durable else VOLATILE),
        ]
        flags = [word for option in options for word in ("-c", option)]
        return Command(
            name="postgres",
            arguments=(self._binaries.program("postgres"), "-D", str(self._cluster), *flags),
            folder=settings.folder,
            log_file=self._log_file,
            environment=self._environment,
            account=settings.account,
            stop_signal=signal.SIGINT,
            stop_grace_s=20.0,
        )

    def _socket_folder(self) -> str:
        """Return the folder of the Unix socket, or nothing when its path would be too long: TCP alone will do."""
        lock = self._socket_lock
        return str(lock.parent) if len(os.fsencode(lock)) <= SOCKET_PATH_LIMIT_BYTES else ""

    async def _ready(self) -> bool:
        """Tell whether `postmaster.pid` says ready in its eighth line, as pg_ctl reads it."""
        lines = self._postmaster_lines()
        return len(lines) > 7 and lines[0] == str(self.process.pid) and lines[7].strip() == "ready"

    def _postmaster_lines(self) -> list[str]:
        try:
            return (self._cluster / "postmaster.pid").read_text().splitlines()
        except (FileNotFoundError, UnicodeDecodeError):
            return []

    def _create_cluster(self) -> None:
        """Run initdb beside the final place, so that a killed one leaves nothing that looks like a cluster."""
        settings = self.settings
        draft = settings.folder / "cluster.new"
        shutil.rmtree(draft, ignore_errors=True)
        password_file = settings.folder / f".{secrets.token_hex(8)}"
        write_private(password_file, settings.superuser_password + "\n", settings.account)
        try:
            self._run_initdb(draft, password_file)
        finally:
            password_file.unlink()
        draft.rename(self._cluster)

    def _run_initdb(self, cluster: Path, password_file: Path) -> None:
        settings = self.settings
        words = [
            self._binaries.program("initdb"),
            f"--pgdata={cluster}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            *self._locale_options(),
            *(() if settings.durable else ("--no-sync",)),
        ]
        account = settings.account
        done = subprocess.run(  # noqa: S603 - our own arguments
            words,
            env=self._environment,
            cwd=settings.folder,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise LocalServerError(f"PostgreSQL could not create {cluster}:\n{done.stdout}{done.stderr}")

    def _locale_options(self) -> tuple[str, ...]:
        """Return C.UTF-8, from PostgreSQL itself where it has it: no upgrade of the system changes its order then."""
        if self._binaries.major >= 17:
            return ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
        return ("--locale=C.UTF-8",)

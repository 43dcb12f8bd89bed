"""The distribution's Dovecot 2.3, run rootless from a configuration of our own."""

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from postroom_shared.localservers.accounts import Account, make_folder, require_passage, write_private
from postroom_shared.localservers.dovecot_accounts import DirectoryAccounts, master_file
from postroom_shared.localservers.dovecot_configuration import DovecotSettings, configuration
from postroom_shared.localservers.dovecot_syntax import render
from postroom_shared.localservers.errors import ServerMissingError
from postroom_shared.localservers.ports import listens
from postroom_shared.localservers.process import Command, LocalProcess
from postroom_shared.localservers.stale import drop_stale_pid_file

PACKAGES = ("dovecot-core", "dovecot-imapd", "dovecot-lmtpd", "dovecot-pgsql", "dovecot-managesieved", "dovecot-sieve")
PROGRAM_FOLDERS = (Path("/usr/lib/dovecot"), Path("/usr/libexec/dovecot"))
LONGEST_SOCKET_NAME = 45  # what Dovecot appends to base_dir, of the 107 bytes of unix(7)


@dataclass(frozen=True, kw_only=True, slots=True)
class DovecotInstallation:
    """What the distribution installed."""

    program: Path
    parts: frozenset[str]

    def require(self, settings: DovecotSettings) -> None:
        """Raise `ServerMissingError` naming the packages that *settings* need and are not there."""
        needed = {"imap": "dovecot-imapd"}
        if settings.ports.lmtp is not None:
            needed["lmtp"] = "dovecot-lmtpd"
        if settings.ports.managesieve is not None:
            needed |= {"managesieve": "dovecot-managesieved", "sieve": "dovecot-sieve"}
        if isinstance(settings.accounts, DirectoryAccounts):
            needed["pgsql"] = "dovecot-pgsql"
        missing = [package for part, package in needed.items() if part not in self.parts]
        if missing:
            raise ServerMissingError(f"Dovecot lacks parts: apt-get install {' '.join(missing)}")


def find_dovecot(search_path: str | None = None) -> Path | None:
    """Return the distribution's Dovecot if it is a 2.3, whose configuration is the one written here; else None.

    Args:
        search_path: Folders, separated by colons; the usual ones when None.
    """
    usual = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin"
    found = shutil.which("dovecot", path=usual if search_path is None else search_path)
    if found is None:
        return None
    answer = subprocess.run(  # noqa: S603 - the program just found
        [found, "--version"], capture_output=True, text=True, check=False, timeout=10
    )
    return Path(found) if re.match(r"2\.3\.", answer.stdout) else None


def dovecot_installation(search_path: str | None = None) -> DovecotInstallation:
    """Return Dovecot and the parts of it that are installed.

    Args:
        search_path: As of `find_dovecot`.

    Raises:
        ServerMissingError: There is no Dovecot 2.3; the message names the packages.
    """
    program = find_dovecot(search_path)
    if program is None:
        raise ServerMissingError(f"Dovecot 2.3 is missing: apt-get install {' '.join(PACKAGES)}")
    return DovecotInstallation(program=program, parts=frozenset(_parts()))


def _parts() -> set[str]:
    folder = next((each for each in PROGRAM_FOLDERS if each.is_dir()), PROGRAM_FOLDERS[0])
    parts = {name for name in ("imap", "lmtp", "managesieve") if (folder / name).exists()}
    modules = {"sieve": "lib*_sieve_plugin.so", "pgsql": "**/libdriver_pgsql.so"}
    return parts | {name for name, pattern in modules.items() if any((folder / "modules").glob(pattern))}


class DovecotServer:
    """One instance; its mailboxes are kept between starts."""

    def __init__(self, settings: DovecotSettings) -> None:
        self.settings = settings
        self.installation = dovecot_installation()
        self.installation.require(settings)
        folder = settings.folder
        self._configuration_file = folder / f"{settings.instance}.conf"
        self._run_folder = folder.resolve() / "run"
        self._short_folder: tempfile.TemporaryDirectory[str] | None = None
        arguments = (str(self.installation.program), "-F", "-c", str(self._configuration_file))
        self.process = LocalProcess(
            Command(
                name="dovecot",
                arguments=arguments,
                titles=(f"dovecot-{settings.instance}/", " ".join(arguments)),
                folder=folder,
                log_file=folder / "dovecot-start.log",
                environment={"PATH": f"{os.defpath}:/usr/sbin:/sbin", "TZ": "UTC"},
                account=settings.account,
                stop_group=True,
                stop_grace_s=5.0 if settings.durable else 0.3,
            )
        )

    async def start(self) -> None:
        """Write the configuration, start, and wait until all listeners accept."""
        require_passage(self.settings.folder, self.settings.account)
        make_folder(self.settings.folder, self.settings.account)
        make_folder(self.settings.homes, self.settings.account)
        self._choose_run_folder()
        self._write_files()
        await self.process.end_leftovers()
        drop_stale_pid_file(self._run_folder / "master.pid", expected=self._configuration_file.name)
        await self.process.start()
        for port in self.settings.ports.named().values():
            await self.process.until_ready(listens(port))

    async def stop(self) -> None:
        """Stop; sessions are closed."""
        await self.process.stop()
        if self._short_folder is not None:
            self._short_folder.cleanup()
            self._short_folder = None

    @property
    def certificate_file(self) -> Path:
        """The certificate (PEM) to trust, when the settings ask for TLS."""
        return self.settings.folder / "certificate.pem"

    def _choose_run_folder(self) -> None:
        """Take a short folder for sockets when the path of the data folder leaves no room for their names."""
        if len(os.fsencode(self._run_folder)) + LONGEST_SOCKET_NAME > 107 and self._short_folder is None:
            self._short_folder = tempfile.TemporaryDirectory(prefix="postroom-", ignore_cleanup_errors=True)
            self._run_folder = Path(self._short_folder.name)
        make_folder(self._run_folder, self.settings.account)
        self._run_folder.chmod(0o755)  # Dovecot insists on it; the data folder above stays closed

    def _write_files(self) -> None:
        settings = self.settings
        account = settings.account or Account.own()
        tree = configuration(settings, account=account, run_folder=self._run_folder)
        files: dict[str, str | bytes] = {
            self._configuration_file.name: render(tree),
            **settings.accounts.files(settings.homes),
        }
        if settings.master_secrets:
            files["master.passwd"] = master_file(settings.master_secrets)
        if settings.tls and not self.certificate_file.exists():
            from postroom_shared.localservers.certificates import loopback_certificate  # noqa: PLC0415 - once, and large

            files["certificate.pem"], files["key.pem"] = loopback_certificate()
        for name, content in files.items():
            write_private(settings.folder / name, content, settings.account)

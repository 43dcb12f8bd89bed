"""The servers under the services, made for one data folder: PostgreSQL, NATS, Dovecot."""

from dataclasses import dataclass
from pathlib import Path

from postroom.service_process import SuiteAddresses
from postroom_shared.localservers.accounts import Account
from postroom_shared.localservers.dovecot import DovecotServer
from postroom_shared.localservers.dovecot_accounts import DirectoryAccounts
from postroom_shared.localservers.dovecot_configuration import DovecotSettings
from postroom_shared.localservers.errors import ServerMissingError
from postroom_shared.localservers.nats import NatsServer, NatsSettings, find_nats_server
from postroom_shared.localservers.postgres import PostgresServer, PostgresSettings
from postroom_shared.localservers.postgres_binaries import find_postgres
from postroom_shared.localservers.postgres_roles import DATABASE, DatabaseRoles, create_database, ensure_roles


@dataclass(frozen=True, kw_only=True, slots=True)
class SuiteServers:
    """The servers, not started.

    Attributes:
        dovecot: None without the distribution's packages; `without_mail` says which.
    """

    postgres: PostgresServer
    nats: NatsServer
    dovecot: DovecotServer | None
    without_mail: str


def make_servers(
    addresses: SuiteAddresses,
    *,
    account: Account | None,
    postgres_bin: Path | None,
    prefer_system_postgres: bool,
    mail: bool,
) -> SuiteServers:
    """Return the servers of a data folder; without Dovecot where it is not installed or *mail* is not wanted.

    Raises:
        ServerMissingError: PostgreSQL or NATS is not installed.
    """
    folder, ports, secrets = addresses.folder.path, addresses.ports, addresses.secrets
    postgres = PostgresServer(
        PostgresSettings(
            folder=folder / "postgres",
            port=ports.postgres,
            superuser_password=secrets.postgres_superuser,
            binaries=find_postgres(postgres_bin, prefer_system=prefer_system_postgres),
            account=account,
        )
    )
    nats = NatsServer(
        NatsSettings(
            folder=folder / "nats",
            port=ports.nats,
            monitor_port=ports.nats_monitor,
            program=find_nats_server(),
            account=account,
        )
    )
    dovecot, without_mail = _dovecot_if_installed(addresses, account) if mail else (None, "--no-mail was given")
    return SuiteServers(postgres=postgres, nats=nats, dovecot=dovecot, without_mail=without_mail)


def _dovecot_if_installed(addresses: SuiteAddresses, account: Account | None) -> tuple[DovecotServer | None, str]:
    try:
        return _dovecot(addresses, account), ""
    except ServerMissingError as error:
        return None, str(error)


def _dovecot(addresses: SuiteAddresses, account: Account | None) -> DovecotServer:
    ports, secrets = addresses.ports, addresses.secrets
    return DovecotServer(
        DovecotSettings(
            folder=addresses.folder.path / "dovecot",
            ports=ports.dovecot,
            accounts=DirectoryAccounts(
                port=ports.postgres,
                password=secrets.mail_reader,
                application_passwords="mail.v_application_password",
            ),
            account=account,
            master_secrets={f"svc-{name}": each.master_login for name, each in secrets.services.items()},
            submission_port=ports.smtp,
            tls=True,
        )
    )


async def prepare_database(addresses: SuiteAddresses, postgres: PostgresServer) -> None:
    """Have the database `postroom` with a role and a schema for each service."""
    await create_database(postgres.dsn(), DATABASE)
    passwords = {each.schema: addresses.secrets.services[each.name].database_password for each in addresses.manifests}
    roles = DatabaseRoles(services=passwords, mail_reader=addresses.secrets.mail_reader)
    await ensure_roles(postgres.dsn(database=DATABASE), roles)

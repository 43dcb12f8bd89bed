"""Who may sign in to a local Dovecot: everybody with one password, a list, or the directory's views."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from postroom_shared.localservers.dovecot_syntax import Section

APPLICATION_ID_LENGTH = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class StaticAccounts:
    """Any address exists, all with one password (tests)."""

    password: str

    def sections(self, folder: Path, homes: Path) -> tuple[Section, ...]:
        """Return the passdb and the userdb."""
        return (
            Section(kind="passdb", settings={"driver": "static", "args": f"password={plain(self.password)}"}),
            Section(kind="userdb", settings={"driver": "static", "args": f"home={homes}/%Ld/%Ln allow_all_users=yes"}),
        )

    def files(self, homes: Path) -> dict[str, str]:
        """Return the files the sections name."""
        return {}


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedAccounts:
    """Exactly these addresses exist.

    Attributes:
        passwords: Address -> its password with scheme, `{PLAIN}…`, `{ARGON2ID}…`.
    """

    passwords: Mapping[str, str]

    def sections(self, folder: Path, homes: Path) -> tuple[Section, ...]:
        """Return the passdb and the userdb; an unknown address is refused by both."""
        args = f"scheme=PLAIN username_format=%Lu {folder}/accounts.passwd"
        return (
            Section(kind="passdb", settings={"driver": "passwd-file", "args": args}),
            Section(kind="userdb", settings={"driver": "static", "args": f"home={homes}/%Ld/%Ln"}),
        )

    def files(self, homes: Path) -> dict[str, str]:
        """Return the files the sections name."""
        return {
            "accounts.passwd": "".join(f"{address}:{password}::::::\n" for address, password in self.passwords.items())
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectoryAccounts:
    """The addresses of svc-directory, read live from the schema `mail`.

    Attributes:
        port: Of PostgreSQL on 127.0.0.1.
        password: Of the read-only role *user*: letters, digits, `-`, `_`.
        mailboxes: View with columns address, password (with scheme), active, quota_bytes (may be null).
        application_passwords: View with columns id (`APPLICATION_ID_LENGTH` characters), address, password, active,
            protocols (text[] of Dovecot's service names, `imap`, `sieve`); the id is the first part of what the user
            types. None: there are none.
    """

    port: int
    password: str
    database: str = "postroom"
    user: str = "mail_reader"
    mailboxes: str = "mail.v_mailbox"
    application_passwords: str | None = None

    def sections(self, folder: Path, homes: Path) -> tuple[Section, ...]:
        """Return the passdbs (application passwords first: their hash is cheap) and the userdb."""
        directory = {"driver": "sql", "args": f"{folder}/directory.sql"}
        application = {"driver": "sql", "args": f"{folder}/application.sql", "result_internalfail": "continue"}
        return (
            *((Section(kind="passdb", settings=application),) if self.application_passwords else ()),
            Section(kind="passdb", settings=directory),
            Section(kind="userdb", settings=directory),
        )

    def files(self, homes: Path) -> dict[str, str]:
        """Return the files the sections name."""
        home = str(homes).replace("%", "%%").replace("'", "''")
        one = f"FROM {self.mailboxes} WHERE address = '%Lu' AND active"
        quota = "'*:bytes=' || coalesce(quota_bytes, 0) AS quota_rule"
        queries = {
            "password_query": f"SELECT address AS user, password {one}",
            "user_query": f"SELECT '{home}/%Ld/%Ln' AS home, {quota} {one}",
            "iterate_query": f"SELECT address AS user FROM {self.mailboxes} WHERE active",  # noqa: S608 - as below
        }
        return {"directory.sql": self._text(queries), **self._application_file()}

    def _application_file(self) -> dict[str, str]:
        if self.application_passwords is None:
            return {}
        query = (  # the view's name is the operator's setting; Dovecot escapes what stands for %u and %w
            f"SELECT address AS user, password FROM {self.application_passwords} "  # noqa: S608
            f"WHERE address = '%Lu' AND id = substr('%w', 1, {APPLICATION_ID_LENGTH}) AND active "
            "AND '%s' = any(protocols)"
        )
        return {"application.sql": self._text({"password_query": query})}

    def _text(self, queries: Mapping[str, str]) -> str:
        connect = (
            f"host=127.0.0.1 port={self.port} dbname={self.database} user={self.user} password={self.password} "
            "sslmode=disable"
        )
        settings = {"driver": "pgsql", "connect": connect, "default_pass_scheme": "ARGON2ID", **queries}
        return "".join(f"{key} = {value}\n" for key, value in settings.items())


Accounts = StaticAccounts | ListedAccounts | DirectoryAccounts


def plain(password: str) -> str:
    """Return *password* as Dovecot's `{PLAIN}`, encoded so that it may hold any character (tests and demos only)."""
    return "{PLAIN.b64}" + base64.b64encode(password.encode()).decode()


def salted_sha256(secret: str) -> str:
    """Return *secret* as Dovecot's `{SSHA256}`: fast to check, right for random secrets only."""
    salt = secrets.token_bytes(16)
    digest = hashlib.sha256(secret.encode() + salt).digest()
    return "{SSHA256}" + base64.b64encode(digest + salt).decode()


def master_sections(folder: Path) -> tuple[Section, ...]:
    """Return the passdb for services that act on a mailbox: SASL PLAIN with an authorisation identity (RFC 4616 §2).

    `result_success = continue` goes on to look the mailbox itself up, so that an unknown one is refused.
    """
    args = f"scheme=SSHA256 username_format=%u {folder}/master.passwd"
    settings = {"driver": "passwd-file", "master": "yes", "args": args, "result_success": "continue"}
    return (Section(kind="passdb", settings=settings),)


def master_file(secrets_of_services: Mapping[str, str]) -> str:
    """Return the passwd-file of `master_sections`; such logins are taken from loopback only."""
    lines = (
        f"{name}:{salted_sha256(secret)}::::::allow_nets=127.0.0.0/8\n" for name, secret in secrets_of_services.items()
    )
    return "".join(lines)

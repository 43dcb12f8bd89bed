"""The configuration of a rootless Dovecot 2.3: one unprivileged account runs all of it.

Nothing is shared with the system's own instance.

Source: doc.dovecot.org 2.3, "Rootless installation": the internal and login users are the account itself and no service
changes its root folder.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from postroom_shared.localservers.accounts import Account
from postroom_shared.localservers.dovecot_accounts import Accounts, master_sections
from postroom_shared.localservers.dovecot_syntax import Section
from postroom_shared.localservers.ports import LOOPBACK

SPECIAL_USE = {"Drafts": "\\Drafts", "Sent": "\\Sent", "Junk": "\\Junk", "Trash": "\\Trash", "Archive": "\\Archive"}
LOCATIONS = {"maildir": "maildir:~/Maildir:LAYOUT=fs", "sdbox": "sdbox:~/sdbox", "mdbox": "mdbox:~/mdbox"}


@dataclass(frozen=True, kw_only=True, slots=True)
class DovecotPorts:
    """Ports on 127.0.0.1; None leaves the listener out."""

    imap: int
    imaps: int | None = None
    lmtp: int | None = None
    managesieve: int | None = None

    def named(self) -> dict[str, int]:
        """Return the ports that are used, by name."""
        given = {"imap": self.imap, "imaps": self.imaps, "lmtp": self.lmtp, "managesieve": self.managesieve}
        return {name: port for name, port in given.items() if port is not None}


@dataclass(frozen=True, kw_only=True, slots=True)
class MailLayout:
    """How mailboxes look over IMAP.

    Attributes:
        separator: Between the levels of a folder's name.
        prefix: Before each folder but INBOX, as `INBOX.`.
        special_use: Folder -> its RFC 6154 attribute; created at the first login.
        mail_format: How messages are stored.
    """

    separator: str = "/"
    prefix: str = ""
    special_use: dict[str, str] = field(default_factory=lambda: dict(SPECIAL_USE))
    mail_format: Literal["maildir", "sdbox", "mdbox"] = "maildir"


@dataclass(frozen=True, kw_only=True, slots=True)
class DovecotSettings:
    """One instance.

    Attributes:
        folder: Holds configuration, mail, run files and the log; created when missing.
        master_secrets: Login of a service -> its random secret, for SASL PLAIN with an authorisation identity.
        quota_bytes: The same quota for all mailboxes, unless `accounts` knows better; 0 is none.
        tls: Offer STARTTLS, and TLS on `ports.imaps`, with a certificate made at the first start.
        submission_port: Where replies of responders leave by SMTP.
        durable: False trades safety against a crash for speed (tests).
        failure_delay_s: How long a refused login waits.
    """

    folder: Path
    ports: DovecotPorts
    accounts: Accounts
    account: Account | None = None
    layout: MailLayout = field(default_factory=MailLayout)
    master_secrets: dict[str, str] = field(default_factory=dict)
    quota_bytes: int | None = None
    tls: bool = False
    submission_port: int | None = None
    durable: bool = True
    failure_delay_s: int = 2

    @property
    def homes(self) -> Path:
        """The folder of the mailboxes, `<domain>/<local part>` below it."""
        return self.folder.resolve() / "mail"

    @property
    def instance(self) -> str:
        """A name no other instance has; it stands in the titles of all its processes."""
        return f"postroom-{hashlib.sha256(bytes(self.folder.resolve())).hexdigest()[:12]}"


def configuration(settings: DovecotSettings, *, account: Account, run_folder: Path) -> Section:
    """Return the whole configuration of an instance that runs as *account*."""
    folder = settings.folder.resolve()
    master = master_sections(folder) if settings.master_secrets else ()
    return Section(
        settings={**_globals(settings, account, run_folder), **_tls(settings, folder)},
        sections=(
            *master,
            *settings.accounts.sections(folder, settings.homes),
            _namespace(settings.layout),
            *_protocols(settings),
            _plugins(settings),
            *_services(settings.ports),
        ),
    )


def _globals(settings: DovecotSettings, account: Account, run_folder: Path) -> dict[str, str]:
    return {
        "base_dir": str(run_folder),
        "state_dir": str(run_folder),
        "instance_name": settings.instance,
        "log_path": str(settings.folder.resolve() / "dovecot.log"),
        "protocols": " ".join(_protocol_names(settings.ports)),
        "listen": LOOPBACK,
        "default_internal_user": account.name,
        "default_internal_group": account.group,
        "default_login_user": account.name,
        "mail_uid": str(account.uid),
        "mail_gid": str(account.gid),
        "first_valid_uid": "1",
        "mail_location": LOCATIONS[settings.layout.mail_format],
        "mail_fsync": "optimized" if settings.durable else "never",
        "mail_max_userip_connections": "100",
        "disable_plaintext_auth": "no",
        "auth_mechanisms": "plain login",
        "auth_username_format": "%Lu",
        "auth_failure_delay": f"{settings.failure_delay_s} secs",
        "auth_verbose": "yes",
        "lda_mailbox_autocreate": "yes",
        "mail_plugins": "$mail_plugins quota",
        **({"submission_host": f"{LOOPBACK}:{settings.submission_port}"} if settings.submission_port else {}),
    }


def _tls(settings: DovecotSettings, folder: Path) -> dict[str, str]:
    if not settings.tls:
        return {"ssl": "no"}
    return {"ssl": "yes", "ssl_cert": f"<{folder}/certificate.pem", "ssl_key": f"<{folder}/key.pem"}


def _protocol_names(ports: DovecotPorts) -> list[str]:
    words = {"imap": ports.imap, "lmtp": ports.lmtp, "sieve": ports.managesieve}
    return [word for word, port in words.items() if port is not None]


def _namespace(layout: MailLayout) -> Section:
    folders = (
        Section(kind="mailbox", name=name, settings={"special_use": attribute, "auto": "subscribe"})
        for name, attribute in layout.special_use.items()
    )
    return Section(
        kind="namespace",
        name="inbox",
        settings={"inbox": "yes", "separator": layout.separator, "prefix": layout.prefix},
        sections=tuple(folders),
    )


def _protocols(settings: DovecotSettings) -> tuple[Section, ...]:
    imap = Section(kind="protocol", name="imap", settings={"mail_plugins": "$mail_plugins imap_quota"})
    sieve = " sieve" if settings.ports.managesieve is not None else ""
    lmtp = {"mail_plugins": f"$mail_plugins{sieve}", "postmaster_address": "postmaster@localhost"}
    return (imap, *((Section(kind="protocol", name="lmtp", settings=lmtp),) if settings.ports.lmtp else ()))


def _plugins(settings: DovecotSettings) -> Section:
    rule = {} if settings.quota_bytes is None else {"quota_rule": f"*:bytes={settings.quota_bytes}"}
    sieve = {
        "sieve": "file:~/sieve;active=~/.dovecot.sieve",
        "sieve_extensions": "+vacation-seconds",
        "sieve_vacation_min_period": "1s",
    }
    quota = {"quota": "count:User quota", "quota_vsizes": "yes", **rule}
    return Section(kind="plugin", settings={**quota, **(sieve if settings.ports.managesieve is not None else {})})


def _services(ports: DovecotPorts) -> tuple[Section, ...]:
    login = {"chroot": "", "service_count": "0", "process_min_avail": "1"}
    listeners = (_listener("imap", ports.imap), _listener("imaps", ports.imaps, tls=True))
    no_penalty = Section(kind="unix_listener", name="anvil-auth-penalty", settings={"mode": "0"})
    return (
        Section(kind="service", name="imap-login", settings=login, sections=listeners),
        *(
            (Section(kind="service", name="managesieve-login", settings=login, sections=(_listener("sieve", port),)),)
            if (port := ports.managesieve) is not None
            else ()
        ),
        *((Section(kind="service", name="lmtp", sections=(_listener("lmtp", ports.lmtp),)),) if ports.lmtp else ()),
        # All logins come from loopback: one user's wrong passwords must not slow the others down.
        Section(kind="service", name="anvil", settings={"chroot": ""}, sections=(no_penalty,)),
        Section(kind="service", name="imap", settings={"process_limit": "1024"}),
        Section(kind="service", name="stats", settings={"chroot": ""}),
    )


def _listener(name: str, port: int | None, *, tls: bool = False) -> Section:
    return Section(
        kind="inet_listener", name=name, settings={"port": str(port or 0), **({"ssl": "yes"} if tls else {})}
    )

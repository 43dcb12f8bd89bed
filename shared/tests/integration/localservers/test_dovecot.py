"""Our Dovecot: rootless, with the layouts and accounts asked for, restarted after kill -9 with all its mail."""

import asyncio
import imaplib
import os
import signal
import smtplib
import ssl
import subprocess
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from postroom_shared.localservers.dovecot import dovecot_installation
from postroom_shared.localservers.dovecot_accounts import DirectoryAccounts
from postroom_shared.localservers.dovecot_configuration import MailLayout
from postroom_shared.localservers.dovecot_syntax import Section, render
from postroom_shared.localservers.errors import LocalServerError
from postroom_shared.manifest import ServiceManifest
from postroom_shared.testkit import (
    MAILBOX_PASSWORD,
    MASTER_LOGIN,
    MASTER_SECRET,
    StartDovecot,
    TestDatabase,
    TestDovecot,
)
from postroom_shared.testkit.databases import PASSWORD

ARGON2ID = (  # of the word "secret", made with doveadm pw
    "{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$rr9UGygKlzNgDwvusynoAg$nCUsva7j3zOYR7hNrrN9VDbVtrElJ7t/bdEf+3MQJHg"
)
TABLES = """
create table mailbox (address text primary key, password text, active bool not null, quota_bytes bigint);
create table application_password (
    id text primary key, address text, password text, active bool not null, protocols text[] not null
);
create view mail.v_mailbox as select * from directory.mailbox;
create view mail.v_application_password as select * from directory.application_password;
"""


@pytest.fixture(scope="session")
def database_manifests() -> tuple[ServiceManifest, ...]:
    return (ServiceManifest(name="directory", package="postroom_shared", port_offset=1),)


def _signed_in(dovecot: TestDovecot, address: str, password: str = MAILBOX_PASSWORD) -> imaplib.IMAP4:
    return _session(dovecot, lambda client: client.login(address, password))


def _master(dovecot: TestDovecot, address: str, secret: str = MASTER_SECRET) -> imaplib.IMAP4:
    words = f"{address}\0{MASTER_LOGIN}\0{secret}".encode()
    return _session(dovecot, lambda client: client.authenticate("PLAIN", lambda _: words))


def _session(dovecot: TestDovecot, sign_in: Callable[[Any], object]) -> imaplib.IMAP4:
    client = imaplib.IMAP4(dovecot.host, dovecot.ports.imap, timeout=10)
    try:
        sign_in(client)
    except BaseException:
        client.shutdown()
        raise
    return client


def _may_sign_in(dovecot: TestDovecot, address: str, password: str) -> bool:
    try:
        _signed_in(dovecot, address, password).logout()
    except imaplib.IMAP4.error:
        return False
    return True


def _deliver(dovecot: TestDovecot, address: str) -> None:
    assert dovecot.ports.lmtp is not None
    with smtplib.LMTP(dovecot.host, dovecot.ports.lmtp) as client:
        client.sendmail("sender@example.test", [address], b"Subject: hello\r\n\r\nbody\r\n")


async def test_a_delivered_message_is_read_over_imap(dovecot: TestDovecot):
    address = dovecot.new_address()

    _deliver(dovecot, address)

    client = _signed_in(dovecot, address)
    assert client.select() == ("OK", [b"1"])
    client.logout()


async def test_special_use_folders_are_there(dovecot: TestDovecot):
    client = _signed_in(dovecot, dovecot.new_address())

    folders = {bytes(line) for line in client.list()[1] if isinstance(line, bytes)}

    assert b'(\\HasNoChildren \\Sent) "/" Sent' in folders
    client.logout()


async def test_separator_and_prefix_are_the_ones_asked_for(start_dovecot: StartDovecot):
    dovecot = await start_dovecot(layout=MailLayout(separator=".", prefix="INBOX.", special_use={"Gesendet": "\\Sent"}))
    client = _signed_in(dovecot, dovecot.new_address())

    client.create("INBOX.a.b")
    folders = {bytes(line) for line in client.list()[1] if isinstance(line, bytes)}

    assert b'(\\HasNoChildren \\Sent) "." INBOX.Gesendet' in folders
    assert b'(\\HasNoChildren) "." INBOX.a.b' in folders
    client.logout()


async def test_a_folder_name_may_hold_a_dot(dovecot: TestDovecot):
    client = _signed_in(dovecot, dovecot.new_address())

    assert client.create("projects/v1.2")[0] == "OK"
    client.logout()


async def test_a_service_acts_on_a_mailbox_by_its_master_login(start_dovecot: StartDovecot):
    dovecot = await start_dovecot(passwords={"anna@example.test": "one", "ben@example.test": "two"})

    client = _master(dovecot, "anna@example.test")
    assert client.select()[0] == "OK"
    client.logout()
    for address, secret in (("nobody@example.test", MASTER_SECRET), ("anna@example.test", "wrong")):
        with pytest.raises(imaplib.IMAP4.error):
            _master(dovecot, address, secret)


async def test_listed_accounts_have_their_own_password_and_no_others_exist(start_dovecot: StartDovecot):
    dovecot = await start_dovecot(passwords={"anna@example.test": "one", "ben@example.test": "two"})

    assert _may_sign_in(dovecot, "anna@example.test", "one")
    assert not _may_sign_in(dovecot, "anna@example.test", "two")
    assert not _may_sign_in(dovecot, "carl@example.test", "one")
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        _deliver(dovecot, "carl@example.test")


async def test_tls_is_offered_with_a_certificate_to_trust(start_dovecot: StartDovecot):
    dovecot = await start_dovecot(tls=True)
    context = ssl.create_default_context(cafile=dovecot.certificate_file)

    assert dovecot.ports.imaps is not None
    client = imaplib.IMAP4_SSL("127.0.0.1", dovecot.ports.imaps, ssl_context=context, timeout=10)
    client.login(dovecot.new_address(), MAILBOX_PASSWORD)
    client.logout()
    with imaplib.IMAP4("127.0.0.1", dovecot.ports.imap, timeout=10) as plain:
        assert plain.starttls(context)[0] == "OK"


async def test_a_full_mailbox_refuses_mail(start_dovecot: StartDovecot):
    dovecot = await start_dovecot(quota_bytes=2000)
    client = _signed_in(dovecot, dovecot.new_address())

    answer = client.append("INBOX", "", imaplib.Time2Internaldate(0), b"Subject: x\r\n\r\n" + b"x" * 4000)

    assert answer[0] == "NO"
    assert b"OVERQUOTA" in answer[1][0]
    client.logout()


async def test_mail_is_kept_and_old_sessions_end_when_dovecot_is_killed(start_dovecot: StartDovecot):
    dovecot = await start_dovecot(name="killed")
    address = dovecot.new_address()
    _deliver(dovecot, address)
    open_session = _signed_in(dovecot, address)

    assert dovecot.server.process.pid is not None
    os.kill(dovecot.server.process.pid, signal.SIGKILL)
    await dovecot.server.process.wait()
    await dovecot.server.start()

    client = _signed_in(dovecot, address)
    assert client.select() == ("OK", [b"1"])
    client.logout()
    with pytest.raises((imaplib.IMAP4.abort, OSError)):
        open_session.noop()
    open_session.shutdown()


async def test_accounts_come_live_from_the_directory(start_dovecot: StartDovecot, database: TestDatabase):
    dovecot, connection = await _dovecot_on(database, start_dovecot)
    await connection.execute("insert into mailbox values ('anna@example.test', $1, true, 3000)", ARGON2ID)

    assert _may_sign_in(dovecot, "Anna@Example.test", "secret")
    assert not _may_sign_in(dovecot, "anna@example.test", "other")
    assert not _may_sign_in(dovecot, "ben@example.test", "secret")
    _master(dovecot, "anna@example.test").logout()
    with pytest.raises(imaplib.IMAP4.error):
        _master(dovecot, "ben@example.test")
    _deliver(dovecot, "anna@example.test")

    client = _signed_in(dovecot, "anna@example.test", "secret")
    assert client.append("INBOX", "", imaplib.Time2Internaldate(0), b"Subject: x\r\n\r\n" + b"x" * 4000)[0] == "NO"
    client.logout()

    await connection.execute("update mailbox set active = false")
    assert not _may_sign_in(dovecot, "anna@example.test", "secret")
    await connection.close()


async def test_an_address_without_a_password_is_open_to_services_only(
    start_dovecot: StartDovecot, database: TestDatabase
):
    dovecot, connection = await _dovecot_on(database, start_dovecot)
    await connection.execute("insert into mailbox values ('anna@example.test', null, true, null)")

    for guess in ("", "null", "{ARGON2ID}"):
        assert not _may_sign_in(dovecot, "anna@example.test", guess)
    _master(dovecot, "anna@example.test").logout()
    await connection.close()


async def test_application_passwords_are_found_by_their_id(start_dovecot: StartDovecot, database: TestDatabase):
    dovecot, connection = await _dovecot_on(database, start_dovecot)
    await connection.execute("insert into mailbox values ('anna@example.test', $1, true, null)", ARGON2ID)
    for number, protocols in (("aaaaaa", ["imap"]), ("bbbbbb", ["smtp", "imap"]), ("cccccc", ["smtp"])):
        row = (number, f"{{PLAIN}}{number}-device", protocols)
        insert = "insert into application_password values ($1, 'anna@example.test', $2, true, $3)"
        await connection.execute(insert, *row)

    assert _may_sign_in(dovecot, "anna@example.test", "aaaaaa-device")
    assert _may_sign_in(dovecot, "anna@example.test", "bbbbbb-device")
    assert _may_sign_in(dovecot, "anna@example.test", "secret")
    assert not _may_sign_in(dovecot, "anna@example.test", "aaaaaa-other")
    assert not _may_sign_in(dovecot, "anna@example.test", "cccccc-device")
    assert not _may_sign_in(dovecot, "anna@example.test", "' or true --")
    await connection.close()


async def _dovecot_on(database: TestDatabase, start: StartDovecot) -> tuple[TestDovecot, asyncpg.Connection]:
    connection = await asyncpg.connect(database.dsn("directory"))
    await connection.execute(TABLES)
    port = int(database.server_dsn.rpartition(":")[2].partition("/")[0])
    accounts = DirectoryAccounts(
        port=port, password=PASSWORD, database=database.name, application_passwords="mail.v_application_password"
    )
    return await start(accounts=accounts), connection


async def test_doveconf_accepts_the_configuration_without_a_warning(dovecot: TestDovecot):
    file = dovecot.server.settings.folder / f"{dovecot.server.settings.instance}.conf"
    doveconf = str(dovecot_installation().program).replace("/sbin/dovecot", "/bin/doveconf")

    done = await asyncio.create_subprocess_exec(
        doveconf, "-n", "-c", str(file), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    _, complaints = await done.communicate()

    assert (done.returncode, complaints) == (0, b"")


def test_a_line_break_in_a_setting_is_refused():
    with pytest.raises(LocalServerError):
        render(Section(settings={"listen": "127.0.0.1\nssl = no"}))

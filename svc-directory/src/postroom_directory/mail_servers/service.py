"""What can be done with mail servers: the operator keeps them, organisations see theirs."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.mail_servers.domain import Endpoint, MailServer, check_certificates
from postroom_directory.mail_servers.repository import MailServers
from postroom_directory.visibility import administrative
from postroom_shared.contracts.directory import MailServerChangedV1, MailServerCreatedV1, MailServerDeletedV1
from postroom_shared.events.outbox import publish
from postroom_shared.http.etag import check_version
from postroom_shared.principal import PersonPrincipal, SystemPrincipal
from postroom_shared.security.sealing import SealContext, Vault
from postroom_shared.values import NIL, uuid7


@dataclass(frozen=True, kw_only=True, slots=True)
class MasterLogin:
    """A login that may act for every mailbox of a server, in the clear."""

    user: str
    secret: str
    version: int


def _context(mail_server_id: UUID) -> SealContext:
    return ("mail_server", mail_server_id, "master_secret")


def _of_operator(session: AsyncSession) -> MailServers:
    return MailServers(session, SystemPrincipal())


async def list_mail_servers(
    session: AsyncSession, caller: PersonPrincipal, *, after: str | None, limit: int
) -> list[MailServer]:
    """Return a page of the mail servers the caller may see, and one more when there is a next page."""
    return await MailServers(session, administrative(caller)).page(after=after, limit=limit)


async def read_mail_server(session: AsyncSession, caller: PersonPrincipal, mail_server_id: UUID) -> MailServer:
    """Return one mail server the caller may see."""
    return await MailServers(session, administrative(caller)).get(mail_server_id)


async def add_mail_server(
    session: AsyncSession,
    *,
    name: str,
    endpoints: dict[str, Endpoint | None],
    tls_ca_pem: str | None,
) -> MailServer:
    """Make a mail server known.

    Args:
        session: Of the operator.
        name: Unique over the suite.
        endpoints: By protocol: `imap`, which is never None, `managesieve`, `lmtp`, `smtp`.
        tls_ca_pem: Certificates to trust beside the system's.

    Raises:
        CertificateUnreadableError: *tls_ca_pem* is no certificate.
        MailServerNameTakenError: Another has the name.
    """
    if tls_ca_pem is not None:
        check_certificates(tls_ca_pem)
    imap = endpoints["imap"]
    assert imap is not None  # noqa: S101 - the schema demands it
    server = MailServer(
        id=uuid7(),
        name=name,
        imap=imap,
        managesieve=endpoints["managesieve"],
        lmtp=endpoints["lmtp"],
        smtp=endpoints["smtp"],
        tls_ca_pem=tls_ca_pem,
        has_master_login=False,
        version=1,
        created_at=datetime.now(UTC),
    )
    await _of_operator(session).add(server)
    created = MailServerCreatedV1(id=server.id, version=server.version)
    await publish(session, created, organisation_id=None, subject_id=server.id)
    return server


async def change_mail_server(
    session: AsyncSession, mail_server_id: UUID, *, version: int, changes: dict[str, Any]
) -> MailServer:
    """Change a mail server that is still at *version*."""
    if changes.get("tls_ca_pem") is not None:
        check_certificates(changes["tls_ca_pem"])
    servers = _of_operator(session)
    check_version(wanted=version, present=(await servers.hold(mail_server_id)).version)
    return await _store(session, mail_server_id, changes)


async def _store(session: AsyncSession, mail_server_id: UUID, changes: dict[str, Any]) -> MailServer:
    server = await _of_operator(session).change(mail_server_id, changes)
    changed = MailServerChangedV1(id=server.id, version=server.version)
    await publish(session, changed, organisation_id=None, subject_id=server.id)
    return server


async def remove_mail_server(session: AsyncSession, mail_server_id: UUID, *, version: int) -> None:
    """Forget a mail server that no mail service is on."""
    servers = _of_operator(session)
    server = await servers.hold(mail_server_id)
    check_version(wanted=version, present=server.version)
    await servers.remove(mail_server_id)
    deleted = MailServerDeletedV1(id=server.id, version=server.version + 1)
    await publish(session, deleted, organisation_id=None, subject_id=server.id)


async def set_master_login(
    session: AsyncSession, vault: Vault, mail_server_id: UUID, *, user: str, secret: str
) -> MailServer:
    """Seal and store the login with which services act for mailboxes; it replaces the one before."""
    await _of_operator(session).hold(mail_server_id)
    sealed = await vault.seal(session, NIL, context=_context(mail_server_id), plaintext=secret.encode())
    return await _store(session, mail_server_id, {"master_user": user, "master_secret": sealed})


async def remove_master_login(session: AsyncSession, mail_server_id: UUID) -> MailServer:
    """Take the login away: services no longer reach the mailboxes of this server."""
    await _of_operator(session).hold(mail_server_id)
    return await _store(session, mail_server_id, {"master_user": None, "master_secret": None})


async def read_master_login(session: AsyncSession, vault: Vault, mail_server_id: UUID) -> MasterLogin:
    """Return the login in the clear, to a service.

    Raises:
        MailServerNotFoundError: There is no such mail server.
        MasterLoginMissingError: It has no master login.
    """
    sealed = await MailServers(session, SystemPrincipal()).master_login(mail_server_id)
    secret = await vault.unseal(session, NIL, context=_context(mail_server_id), sealed=sealed.sealed_secret)
    return MasterLogin(user=sealed.user, secret=secret.decode(), version=sealed.version)

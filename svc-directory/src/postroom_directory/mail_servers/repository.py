"""Every SQL statement about mail servers."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.mail_servers.domain import Endpoint, MailServer, SealedMasterLogin, TlsMode
from postroom_directory.mail_servers.errors import (
    MailServerInUseError,
    MailServerNameTakenError,
    MailServerNotFoundError,
    MasterLoginMissingError,
)
from postroom_directory.mail_servers.tables import MailServerRow
from postroom_directory.mail_services.repository import visible_services
from postroom_directory.mail_services.tables import MailServiceRow
from postroom_shared.principal import EVERYTHING, Principal


def _endpoint(stored: dict[str, Any] | None) -> Endpoint | None:
    return Endpoint(host=stored["host"], port=stored["port"], tls=TlsMode(stored["tls"])) if stored else None


def _mail_server(row: MailServerRow) -> MailServer:
    imap = _endpoint(row.imap)
    assert imap is not None  # noqa: S101 - the column is never null
    return MailServer(
        id=row.id,
        name=row.name,
        imap=imap,
        managesieve=_endpoint(row.managesieve),
        lmtp=_endpoint(row.lmtp),
        smtp=_endpoint(row.smtp),
        tls_ca_pem=row.tls_ca_pem,
        has_master_login=row.master_user is not None,
        version=row.version,
        created_at=row.created_at,
    )


def _stored(changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: asdict(value) if isinstance(value, Endpoint) else value for name, value in changes.items()}


class MailServers:
    """The mail servers a principal may see: the operator all, others those of their mail services."""

    def __init__(self, session: AsyncSession, principal: Principal) -> None:
        self._session = session
        self._principal = principal

    def _visible(self) -> ColumnElement[bool]:
        if self._principal.organisation_scope == EVERYTHING:
            return true()
        return exists().where(MailServiceRow.mail_server_id == MailServerRow.id, visible_services(self._principal))

    async def page(self, *, after: str | None, limit: int) -> list[MailServer]:
        """Return up to *limit* + 1 mail servers after the name *after*, by name."""
        query = select(MailServerRow).where(self._visible()).order_by(MailServerRow.name).limit(limit + 1)
        if after is not None:
            query = query.where(MailServerRow.name > after)
        return [_mail_server(row) for row in await self._session.scalars(query)]

    async def get(self, mail_server_id: UUID) -> MailServer:
        """Return the mail server.

        Raises:
            MailServerNotFoundError: There is none, or the principal may not see it.
        """
        return _mail_server(await self._row(mail_server_id))

    async def hold(self, mail_server_id: UUID) -> MailServer:
        """Return the mail server and keep others from changing it until the transaction ends."""
        return _mail_server(await self._row(mail_server_id, hold=True))

    async def _row(self, mail_server_id: UUID, *, hold: bool = False) -> MailServerRow:
        query = select(MailServerRow).where(MailServerRow.id == mail_server_id, self._visible())
        row = await self._session.scalar(query.with_for_update() if hold else query)
        if row is None:
            raise MailServerNotFoundError
        return row

    async def add(self, server: MailServer) -> None:
        """Store a new mail server.

        Raises:
            MailServerNameTakenError: Another has its name.
        """
        columns = {name: getattr(server, name) for name in ("id", "name", "imap", "managesieve", "lmtp", "smtp")}
        row = MailServerRow(
            **_stored(columns), tls_ca_pem=server.tls_ca_pem, version=server.version, created_at=server.created_at
        )
        try:
            async with self._session.begin_nested():
                self._session.add(row)
        except IntegrityError as error:
            raise MailServerNameTakenError from error

    async def change(self, mail_server_id: UUID, changes: Mapping[str, Any]) -> MailServer:
        """Store *changes* and count the version up.

        Raises:
            MailServerNameTakenError: Another has the new name.
        """
        statement = (
            update(MailServerRow)
            .where(MailServerRow.id == mail_server_id)
            .values(**_stored(changes), version=MailServerRow.version + 1)
            .returning(MailServerRow)
            .execution_options(populate_existing=True)
        )
        try:
            async with self._session.begin_nested():
                return _mail_server((await self._session.scalars(statement)).one())
        except IntegrityError as error:
            raise MailServerNameTakenError from error

    async def remove(self, mail_server_id: UUID) -> None:
        """Delete the mail server.

        Raises:
            MailServerInUseError: A mail service is on it.
        """
        try:
            async with self._session.begin_nested():
                await self._session.execute(delete(MailServerRow).where(MailServerRow.id == mail_server_id))
        except IntegrityError as error:
            raise MailServerInUseError from error

    async def master_login(self, mail_server_id: UUID) -> SealedMasterLogin:
        """Return the sealed master login.

        Raises:
            MailServerNotFoundError: There is no such mail server.
            MasterLoginMissingError: It has none.
        """
        row = await self._row(mail_server_id)
        if row.master_user is None or row.master_secret is None:
            raise MasterLoginMissingError
        return SealedMasterLogin(
            mail_server_id=row.id, user=row.master_user, sealed_secret=row.master_secret, version=row.version
        )

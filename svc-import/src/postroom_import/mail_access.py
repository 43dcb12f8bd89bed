"""Connections to IMAP servers: addresses checked, encryption as asked for, signed in."""

import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from postroom_import.imap.authentication import Credentials
from postroom_import.imap.client import ImapClient
from postroom_import.imap.errors import ImapConnectionError
from postroom_import.imap.silence import READ_BYTES
from postroom_import.imap.transport import Endpoint, Security, Streams, Timeouts
from postroom_import.imap_places import ImapPlace, Tls
from postroom_shared.identity import TokenSigner
from postroom_shared.projection.client import AUDIENCE, ServiceAuth
from postroom_shared.security.dialling import Dialler, HostRefusedError, HostUnreachableError

_DIRECTORY_TIMEOUT_S = 5.0


_SECURITY = {Tls.IMPLICIT: Security.TLS, Tls.STARTTLS: Security.STARTTLS, Tls.NONE: Security.NONE}


class MailAccess:
    """Opens connections. One per process.

    Args:
        dialler: Judges where a connection may go.
        tls_ca_file: Certificate authorities to trust beside the system's.
    """

    def __init__(self, dialler: Dialler, *, tls_ca_file: Path | None = None, timeouts: Timeouts | None = None) -> None:
        self._dialler = dialler
        self._timeouts = timeouts or Timeouts()
        self._tls = ssl.create_default_context()
        if tls_ca_file is not None:
            self._tls.load_verify_locations(tls_ca_file)

    async def open(self, place: ImapPlace) -> ImapClient:
        """Return a connection that is greeted and encrypted, not signed in.

        Raises:
            HostRefusedError: The rules do not allow this host.
            HostUnreachableError: It does not take the connection.
            ImapConnectionError: It does, and then does not speak as an IMAP server would.
            ImapProtocolError: It speaks something else.
        """
        dialler = self._dialler.exempting([(place.host, place.port)]) if place.is_own else self._dialler
        target = await dialler.check(place.host, place.port)

        async def connect() -> Streams:
            return await dialler.connect(
                target, tls=None, timeout_s=self._timeouts.connect_s, read_limit_bytes=READ_BYTES
            )

        endpoint = Endpoint(
            connect=connect,
            security=_SECURITY[place.tls],
            server_name=target.host if place.tls is not Tls.NONE else "",
            tls=self._trusting(place.ca_pem) if place.tls is not Tls.NONE else None,
        )
        return await ImapClient.open(endpoint, timeouts=self._timeouts)

    def _trusting(self, ca_pem: str | None) -> ssl.SSLContext:
        return self._tls if ca_pem is None else ssl.create_default_context(cadata=ca_pem)

    async def sign_in(self, place: ImapPlace, credentials: Credentials) -> ImapClient:
        """Return a connection that is signed in.

        Raises:
            ImapAuthenticationError: The server does not take the credentials.
            ImapConnectionError: It cannot be reached, for whatever reason.
        """
        try:
            client = await self.open(place)
        except (HostRefusedError, HostUnreachableError) as error:
            raise ImapConnectionError(error.title) from error
        try:
            await client.login(credentials)
        except BaseException:
            await client.logout()
            raise
        return client


@dataclass(frozen=True, slots=True)
class MasterLogin:
    """What lets this service act for every mailbox of one mail server."""

    user: str
    secret: str = field(repr=False)


class MasterLoginUnavailableError(Exception):
    """svc-directory does not give the login now."""


class _MasterLoginAnswer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    user: str
    secret: str


class MasterLogins:
    """Asks svc-directory for master logins. They are never stored here."""

    def __init__(self, url: str, signer: TokenSigner) -> None:
        self._http = httpx.AsyncClient(
            base_url=url, auth=ServiceAuth(signer, audience=AUDIENCE), timeout=_DIRECTORY_TIMEOUT_S
        )

    async def of(self, mail_server_id: UUID) -> MasterLogin:
        """Return the login of a mail server.

        Raises:
            MasterLoginUnavailableError: There is no answer, or none that helps.
        """
        try:
            answer = await self._http.get(f"/internal/v1/mail-servers/{mail_server_id}/master-login")
            answer.raise_for_status()
            login = _MasterLoginAnswer.model_validate(answer.json())
        except (httpx.HTTPError, ValidationError, ValueError) as error:
            raise MasterLoginUnavailableError(type(error).__name__) from error
        return MasterLogin(login.user, login.secret)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def imap_dialler(*, ports: Iterable[int], own_hosts: Iterable[str]) -> Dialler:
    """Return the dialler for hosts that people name."""
    return Dialler(ports=frozenset(ports), own_hosts=own_hosts)

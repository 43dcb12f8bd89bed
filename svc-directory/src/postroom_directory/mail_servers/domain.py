"""What a mail server is, without any framework."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from cryptography import x509

from postroom_directory.mail_servers.errors import CertificateUnreadableError


class TlsMode(StrEnum):
    """How a connection to an endpoint is protected (RFC 8314)."""

    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """Where one protocol answers."""

    host: str
    port: int
    tls: TlsMode


@dataclass(frozen=True, kw_only=True, slots=True)
class MailServer:
    """One mail server; its master login is kept apart.

    Attributes:
        tls_ca_pem: Certificates to trust beside the system's, for servers with a private authority.
    """

    id: UUID
    name: str
    imap: Endpoint
    managesieve: Endpoint | None
    lmtp: Endpoint | None
    smtp: Endpoint | None
    tls_ca_pem: str | None
    has_master_login: bool
    version: int
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class SealedMasterLogin:
    """A login that may act for every mailbox (RFC 4616 §2); the secret is sealed."""

    mail_server_id: UUID
    user: str
    sealed_secret: bytes
    version: int


def check_certificates(pem: str) -> None:
    """Refuse *pem* unless it holds at least one certificate and all of it can be read.

    Raises:
        CertificateUnreadableError: It is no PEM (RFC 7468 §5) of certificates.
    """
    try:
        x509.load_pem_x509_certificates(pem.encode())
    except ValueError as error:
        raise CertificateUnreadableError from error

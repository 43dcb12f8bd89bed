"""The rules of DKIM keys (RFC 6376, RFC 8463); pure."""

import base64
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from postroom_directory.dkim_keys.errors import DkimKeyStateError
from postroom_shared.values import Domain

RSA_BITS = 2048
"""RFC 8301 §3.2: at least 1024, better 2048; more does not fit many DNS zones."""

LONGEST_TXT_STRING = 255  # octets of one character-string, RFC 1035 §3.3


class DkimAlgorithm(StrEnum):
    """Kind and size of a key."""

    RSA2048 = "rsa2048"
    ED25519 = "ed25519"

    @property
    def tag(self) -> str:
        """The value of `k=` (RFC 6376 §3.6.1, RFC 8463 §4)."""
        return "ed25519" if self is DkimAlgorithm.ED25519 else "rsa"


class DkimKeyState(StrEnum):
    """Prepared: publish its record. Active: it signs. Retired: leave the record for a week, then take it away."""

    PREPARED = "prepared"
    ACTIVE = "active"
    RETIRED = "retired"


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyPair:
    """A new key pair: the private half as PKCS #8 PEM, the public half as the value of `p=`."""

    private_pem: bytes
    public_key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DkimKey:
    """One key of a domain, with the private half sealed."""

    id: UUID
    organisation_id: UUID
    mail_service_id: UUID
    domain_id: UUID
    domain: Domain
    selector: str
    algorithm: DkimAlgorithm
    public_key: str
    private_key: bytes
    state: DkimKeyState
    activated_at: datetime | None
    retired_at: datetime | None
    version: int
    created_at: datetime

    @property
    def record_name(self) -> str:
        """Where the public half is published (RFC 6376 §3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record_value(self) -> str:
        """What is published there (RFC 6376 §3.6.1)."""
        return f"v=DKIM1; k={self.algorithm.tag}; p={self.public_key}"

    @property
    def record_strings(self) -> list[str]:
        """The value in pieces that DNS takes; readers join them without a space (RFC 6376 §3.6.2.2)."""
        value = self.record_value
        return [value[start : start + LONGEST_TXT_STRING] for start in range(0, len(value), LONGEST_TXT_STRING)]

    def activated(self, *, now: datetime) -> "DkimKey":
        """Return its next version, which signs.

        Raises:
            DkimKeyStateError: It is not merely prepared.
        """
        if self.state is not DkimKeyState.PREPARED:
            raise DkimKeyStateError(f"The key is {self.state}.")
        return replace(self, state=DkimKeyState.ACTIVE, activated_at=now, version=self.version + 1)

    def retired(self, *, now: datetime) -> "DkimKey":
        """Return its next version, which signs no more.

        Raises:
            DkimKeyStateError: It is retired.
        """
        if self.state is DkimKeyState.RETIRED:
            raise DkimKeyStateError("The key is retired.")
        return replace(self, state=DkimKeyState.RETIRED, retired_at=now, version=self.version + 1)


def new_key_pair(algorithm: DkimAlgorithm) -> KeyPair:
    """Make a key pair; RSA takes about a tenth of a second of one core."""
    if algorithm is DkimAlgorithm.ED25519:
        return _ed25519_pair(Ed25519PrivateKey.generate())
    return _rsa_pair(generate_private_key(65_537, RSA_BITS))


def _pem(key: RSAPrivateKey | Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _rsa_pair(key: RSAPrivateKey) -> KeyPair:
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return KeyPair(private_pem=_pem(key), public_key=base64.b64encode(public).decode())


def _ed25519_pair(key: Ed25519PrivateKey) -> KeyPair:
    # RFC 8463 §4.2: the bare 32 octets, not a SubjectPublicKeyInfo.
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return KeyPair(private_pem=_pem(key), public_key=base64.b64encode(public).decode())


def default_selector(algorithm: DkimAlgorithm, *, now: datetime) -> str:
    """Return a selector that says when and what: `pr20261125r`."""
    return f"pr{now:%Y%m%d}{algorithm.tag[0]}"


def require_not_active(key: DkimKey) -> None:
    """Refuse to delete a key that signs."""
    if key.state is DkimKeyState.ACTIVE:
        raise DkimKeyStateError("The key signs mail; retire it first.")

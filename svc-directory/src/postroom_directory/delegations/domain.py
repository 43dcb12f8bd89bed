"""The rules of delegations; pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from postroom_directory.addresses.domain import MailAddress
from postroom_directory.delegations.errors import DelegateUnknownError
from postroom_shared.principal import AddressRight


class DelegatedRight(StrEnum):
    """How one address sends for another: in its name, or on its behalf with itself as Sender (RFC 5322 §3.6.2)."""

    SEND_AS = AddressRight.SEND_AS.value
    SEND_ON_BEHALF = AddressRight.SEND_ON_BEHALF.value


@dataclass(frozen=True, kw_only=True, slots=True)
class Delegation:
    """`delegate_address_id` may send for `address_id`."""

    id: UUID
    organisation_id: UUID
    address_id: UUID
    delegate_address_id: UUID
    right: DelegatedRight
    version: int
    created_at: datetime


def require_two_addresses(address: MailAddress, delegate: MailAddress) -> None:
    """Refuse a delegation of an address to itself, or into another organisation."""
    if delegate.id == address.id or delegate.organisation_id != address.organisation_id:
        raise DelegateUnknownError

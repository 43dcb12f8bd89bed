"""The rules of addresses; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from postroom_directory.addresses.errors import NoMailboxError
from postroom_shared.principal import AddressRight
from postroom_shared.values import Address


class AddressKind(StrEnum):
    """What stands behind an address."""

    MAILBOX = "mailbox"
    FORWARD_ONLY = "forward_only"
    SHARED = "shared"


RIGHT_TO_CHANGE = {
    "spam_filter": AddressRight.FILTERS_MANAGE,
    "advertising_filter": AddressRight.FILTERS_MANAGE,
    "sub_addressing": AddressRight.ALIASES_MANAGE,
}
"""What somebody who does not manage the organisation needs, to change a member; all other members are the managers'."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MailAddress:
    """One address.

    Attributes:
        attributes: Free facts for signatures and lists: `first_name`, `job`, `phone`…
        quota_bytes: None is the mail server's own.
        sub_addressing: Whether `anna+shop@…` reaches `anna@…`.
        catch_all: Whether it gets what the domain has no name for.
        credential_version: Grows with each change of any of its passwords.
    """

    id: UUID
    organisation_id: UUID
    mail_service_id: UUID
    domain_id: UUID
    address: Address
    kind: AddressKind
    enabled: bool
    display_name: str
    attributes: Mapping[str, str]
    quota_bytes: int | None
    sub_addressing: bool
    catch_all: bool
    spam_filter: bool
    advertising_filter: bool
    credential_version: int
    version: int
    created_at: datetime

    def with_changes(self, changes: Mapping[str, Any]) -> "MailAddress":
        """Return its next version."""
        return replace(self, **changes, version=self.version + 1)

    def with_new_credentials(self) -> "MailAddress":
        """Return its next version after one of its passwords was set or taken away."""
        return replace(self, credential_version=self.credential_version + 1, version=self.version + 1)


def rights_to_change(members: Iterable[str]) -> frozenset[AddressRight] | None:
    """Return the rights somebody needs to change these members; None when that is for managers only."""
    needed = [RIGHT_TO_CHANGE.get(member) for member in members]
    return None if None in needed else frozenset(right for right in needed if right)


def require_mailbox(address: MailAddress) -> None:
    """Refuse an address that only forwards.

    Raises:
        NoMailboxError: Nobody signs in to it, so that it has no password.
    """
    if address.kind is AddressKind.FORWARD_ONLY:
        raise NoMailboxError

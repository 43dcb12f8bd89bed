"""The state of each kind of thing as svc-directory tells it to other services.

Readers ignore members they do not know, so that N and N-1 work together; a new member has a default for one release.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from postroom_shared.principal import AddressRight, Role
from postroom_shared.values import Address, Domain


class Kind(StrEnum):
    """What the directory has copies of elsewhere, in the order in which a snapshot is loaded."""

    ORGANISATION = "organisation"
    PERSON = "person"
    MEMBERSHIP = "membership"
    MAIL_SERVER = "mail_server"
    MAIL_SERVICE = "mail_service"
    ADDRESS = "address"
    ALIAS = "alias"
    GRANT = "grant"
    DELEGATION = "delegation"


class State(BaseModel):
    """What all states have in common."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: UUID
    version: int = Field(ge=0)


class OrganisationState(State):
    """An organisation; one that is not `active` can be read by its managers and do nothing."""

    name: str
    language: str
    time_zone: str
    state: Literal["active", "suspended", "deleted"]


class PersonState(State):
    """A person; sessions begun under a lower `credential_version` are over."""

    email: Address
    display_name: str
    language: str
    enabled: bool
    operator: bool
    credential_version: int


class MembershipState(State):
    """What a person is in an organisation; invitations that nobody accepted are not told."""

    organisation_id: UUID
    person_id: UUID
    role: Role


class Endpoint(BaseModel):
    """Where one protocol of a mail server answers. These hosts are exempt from the rules for user-given hosts."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    host: str
    port: int = Field(ge=1, le=65535)
    tls: Literal["implicit", "starttls", "none"]


class MailServerState(State):
    """A mail server's endpoints; its master login is asked for separately."""

    name: str
    imap: Endpoint
    managesieve: Endpoint | None
    lmtp: Endpoint | None
    smtp: Endpoint | None
    tls_ca_pem: str | None


class DomainState(BaseModel):
    """One domain of a mail service; an alias domain takes mail for the same local parts of another."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: Domain
    alias_of: Domain | None
    is_primary: bool


class MailServiceState(State):
    """Domains of an organisation on one mail server; it changes when a domain is added, changed or taken away.

    Attributes:
        logs_since: Entries of its logs before were never promised to anybody.
    """

    organisation_id: UUID
    mail_server_id: UUID
    name: str
    language: str
    time_zone: str
    plan: str
    log_retention_days: int
    logs_since: datetime
    domains: tuple[DomainState, ...]


class AddressState(State):
    """An address; `credential_version` tells whether hashes that were fetched are still the present ones."""

    organisation_id: UUID
    mail_service_id: UUID
    address: Address
    kind: Literal["mailbox", "forward_only", "shared"]
    display_name: str
    attributes: dict[str, Any]
    enabled: bool
    sub_addressing: bool
    catch_all: bool
    spam_filter: bool
    advertising_filter: bool
    credential_version: int


class AliasState(State):
    """A further address that reaches `address_id`."""

    organisation_id: UUID
    address_id: UUID
    alias: Address


class GrantState(State):
    """What a person may do with an address; holding one, even without rights, makes the address attached."""

    organisation_id: UUID
    address_id: UUID
    person_id: UUID
    rights: tuple[AddressRight, ...]


class DelegationState(State):
    """One address that may send for another."""

    organisation_id: UUID
    address_id: UUID
    delegate_address_id: UUID
    right: Literal[AddressRight.SEND_AS, AddressRight.SEND_ON_BEHALF]


AnyState: TypeAlias = (
    OrganisationState
    | PersonState
    | MembershipState
    | MailServerState
    | MailServiceState
    | AddressState
    | AliasState
    | GrantState
    | DelegationState
)

STATE_OF: dict[Kind, type[AnyState]] = {
    Kind.ORGANISATION: OrganisationState,
    Kind.PERSON: PersonState,
    Kind.MEMBERSHIP: MembershipState,
    Kind.MAIL_SERVER: MailServerState,
    Kind.MAIL_SERVICE: MailServiceState,
    Kind.ADDRESS: AddressState,
    Kind.ALIAS: AliasState,
    Kind.GRANT: GrantState,
    Kind.DELEGATION: DelegationState,
}
"""The model of each kind."""

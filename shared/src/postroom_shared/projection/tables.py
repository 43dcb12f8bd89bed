"""How the local copy lies in the database: one table a kind, and two for keeping it up to date."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from postroom_shared.database import FloorBase
from postroom_shared.projection.states import Kind


class _Copy:
    copy_of: ClassVar[Kind]

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]


class OrganisationCopy(_Copy, FloorBase):
    """An organisation."""

    __tablename__ = "directory_organisation"
    copy_of = Kind.ORGANISATION

    name: Mapped[str]
    language: Mapped[str]
    time_zone: Mapped[str]
    state: Mapped[str]


class PersonCopy(_Copy, FloorBase):
    """A person; visible to the organisations they belong to."""

    __tablename__ = "directory_person"
    copy_of = Kind.PERSON

    email: Mapped[str]
    display_name: Mapped[str]
    language: Mapped[str]
    enabled: Mapped[bool]
    operator: Mapped[bool]
    credential_version: Mapped[int]


class MembershipCopy(_Copy, FloorBase):
    """A person in an organisation."""

    __tablename__ = "directory_membership"
    copy_of = Kind.MEMBERSHIP

    organisation_id: Mapped[UUID]
    person_id: Mapped[UUID] = mapped_column(index=True)
    role: Mapped[str]


class MailServerCopy(_Copy, FloorBase):
    """A mail server; belongs to the operator and is visible to all."""

    __tablename__ = "directory_mail_server"
    copy_of = Kind.MAIL_SERVER

    name: Mapped[str]
    imap: Mapped[dict[str, Any]]
    managesieve: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    lmtp: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    smtp: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    tls_ca_pem: Mapped[str | None]


class MailServiceCopy(_Copy, FloorBase):
    """A mail service with its domains, `[{"name": …, "alias_of": …, "is_primary": …}]`."""

    __tablename__ = "directory_mail_service"
    copy_of = Kind.MAIL_SERVICE

    organisation_id: Mapped[UUID]
    mail_server_id: Mapped[UUID]
    name: Mapped[str]
    language: Mapped[str]
    time_zone: Mapped[str]
    plan: Mapped[str]
    log_retention_days: Mapped[int]
    logs_since: Mapped[datetime]
    domains: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


class AddressCopy(_Copy, FloorBase):
    """An address."""

    __tablename__ = "directory_address"
    copy_of = Kind.ADDRESS

    organisation_id: Mapped[UUID]
    mail_service_id: Mapped[UUID] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]
    display_name: Mapped[str]
    attributes: Mapped[dict[str, Any]]
    enabled: Mapped[bool]
    sub_addressing: Mapped[bool]
    catch_all: Mapped[bool]
    spam_filter: Mapped[bool]
    advertising_filter: Mapped[bool]
    credential_version: Mapped[int]


class AliasCopy(_Copy, FloorBase):
    """A further address that reaches an address."""

    __tablename__ = "directory_alias"
    copy_of = Kind.ALIAS

    organisation_id: Mapped[UUID]
    address_id: Mapped[UUID] = mapped_column(index=True)
    alias: Mapped[str] = mapped_column(index=True)


class GrantCopy(_Copy, FloorBase):
    """What a person may do with an address."""

    __tablename__ = "directory_grant"
    copy_of = Kind.GRANT

    organisation_id: Mapped[UUID]
    address_id: Mapped[UUID] = mapped_column(index=True)
    person_id: Mapped[UUID] = mapped_column(index=True)
    rights: Mapped[list[str]]


class DelegationCopy(_Copy, FloorBase):
    """One address that may send for another."""

    __tablename__ = "directory_delegation"
    copy_of = Kind.DELEGATION

    organisation_id: Mapped[UUID]
    address_id: Mapped[UUID] = mapped_column(index=True)
    delegate_address_id: Mapped[UUID] = mapped_column(index=True)
    right: Mapped[str]


class StaleRow(FloorBase):
    """A thing of which an event told a version that the copy may not have."""

    __tablename__ = "directory_stale"

    kind: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    noted_at: Mapped[datetime] = mapped_column(index=True)


class LoadedRow(FloorBase):
    """A kind whose snapshot was loaded; deleting the row has it loaded again."""

    __tablename__ = "directory_loaded"

    kind: Mapped[str] = mapped_column(primary_key=True)
    loaded_at: Mapped[datetime]


COPY_OF = {
    copy.copy_of: copy
    for copy in (
        OrganisationCopy,
        PersonCopy,
        MembershipCopy,
        MailServerCopy,
        MailServiceCopy,
        AddressCopy,
        AliasCopy,
        GrantCopy,
        DelegationCopy,
    )
}
"""The table of each kind."""

"""Events of svc-directory. They name a thing and its version; consumers fetch its state (docs/adr/0001).

A domain is told as part of its mail service: `MailServiceChangedV1` when one is added, changed or taken away.
Nothing here may hold a name, an address or content: a stream cannot be erased row by row.
"""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from postroom_shared.events.payload import EventPayload

Version = Annotated[int, Field(ge=0, description="Grows with each change of the thing; a lower one is old news.")]


class _Thing(BaseModel):
    id: UUID
    version: Version


class PersonCredentialChangedV1(_Thing, EventPayload):
    """A person's password was set, or they were disabled or enabled: sessions with a lower number are over."""

    event_type: ClassVar[str] = "postroom.directory.person.credential_changed.v1"
    about: ClassVar[str] = "person"

    credential_version: Version


class AddressCredentialChangedV1(_Thing, EventPayload):
    """A password of an address was set or taken away: fetch the hashes again."""

    event_type: ClassVar[str] = "postroom.directory.address.credential_changed.v1"
    about: ClassVar[str] = "address"

    credential_version: Version


class OrganisationCreatedV1(_Thing, EventPayload):
    """An organisation is there."""

    event_type: ClassVar[str] = "postroom.directory.organisation.created.v1"
    about: ClassVar[str] = "organisation"


class OrganisationChangedV1(_Thing, EventPayload):
    """An organisation is no longer as it was."""

    event_type: ClassVar[str] = "postroom.directory.organisation.changed.v1"
    about: ClassVar[str] = "organisation"


class OrganisationDeletedV1(_Thing, EventPayload):
    """An organisation is gone."""

    event_type: ClassVar[str] = "postroom.directory.organisation.deleted.v1"
    about: ClassVar[str] = "organisation"


class PersonCreatedV1(_Thing, EventPayload):
    """A person is there."""

    event_type: ClassVar[str] = "postroom.directory.person.created.v1"
    about: ClassVar[str] = "person"


class PersonChangedV1(_Thing, EventPayload):
    """A person is no longer as it was."""

    event_type: ClassVar[str] = "postroom.directory.person.changed.v1"
    about: ClassVar[str] = "person"


class PersonDeletedV1(_Thing, EventPayload):
    """A person is gone."""

    event_type: ClassVar[str] = "postroom.directory.person.deleted.v1"
    about: ClassVar[str] = "person"


class _Membership(_Thing):
    person_id: UUID


class MembershipCreatedV1(_Membership, EventPayload):
    """A membership is there."""

    event_type: ClassVar[str] = "postroom.directory.membership.created.v1"
    about: ClassVar[str] = "membership"


class MembershipChangedV1(_Membership, EventPayload):
    """A membership is no longer as it was."""

    event_type: ClassVar[str] = "postroom.directory.membership.changed.v1"
    about: ClassVar[str] = "membership"


class MembershipDeletedV1(_Membership, EventPayload):
    """A membership is gone."""

    event_type: ClassVar[str] = "postroom.directory.membership.deleted.v1"
    about: ClassVar[str] = "membership"


class MailServerCreatedV1(_Thing, EventPayload):
    """A mail server is there."""

    event_type: ClassVar[str] = "postroom.directory.mail_server.created.v1"
    about: ClassVar[str] = "mail server"


class MailServerChangedV1(_Thing, EventPayload):
    """A mail server is no longer as it was."""

    event_type: ClassVar[str] = "postroom.directory.mail_server.changed.v1"
    about: ClassVar[str] = "mail server"


class MailServerDeletedV1(_Thing, EventPayload):
    """A mail server is gone."""

    event_type: ClassVar[str] = "postroom.directory.mail_server.deleted.v1"
    about: ClassVar[str] = "mail server"


class _MailService(_Thing):
    mail_server_id: UUID


class MailServiceCreatedV1(_MailService, EventPayload):
    """A mail service is there."""

    event_type: ClassVar[str] = "postroom.directory.mail_service.created.v1"
    about: ClassVar[str] = "mail service"


class MailServiceChangedV1(_MailService, EventPayload):
    """A mail service is no longer as it was."""

    event_type: ClassVar[str] = "postroom.directory.mail_service.changed.v1"
    about: ClassVar[str] = "mail service"


class MailServiceDeletedV1(_MailService, EventPayload):
    """A mail service is gone."""

    event_type: ClassVar[str] = "postroom.directory.mail_service.deleted.v1"
    about: ClassVar[str] = "mail service"


class _Address(_Thing):
    mail_service_id: UUID


class AddressCreatedV1(_Address, EventPayload):
    """An address is there."""

    event_type: ClassVar[str] = "postroom.directory.address.created.v1"
    about: ClassVar[str] = "address"


class AddressChangedV1(_Address, EventPayload):
    """An address is no longer as it was."""

    event_type: ClassVar[str] = "postroom.directory.address.changed.v1"
    about: ClassVar[str] = "address"


class AddressDeletedV1(_Address, EventPayload):
    """An address is gone."""

    event_type: ClassVar[str] = "postroom.directory.address.deleted.v1"
    about: ClassVar[str] = "address"


class _Alias(_Thing):
    address_id: UUID


class AliasCreatedV1(_Alias, EventPayload):
    """An alias is there."""

    event_type: ClassVar[str] = "postroom.directory.alias.created.v1"
    about: ClassVar[str] = "alias"


class AliasChangedV1(_Alias, EventPayload):
    """An alias is no longer as it was."""

    event_type: ClassVar[str] = "postroom.directory.alias.changed.v1"
    about: ClassVar[str] = "alias"


class AliasDeletedV1(_Alias, EventPayload):
    """An alias is gone."""

    event_type: ClassVar[str] = "postroom.directory.alias.deleted.v1"
    about: ClassVar[str] = "alias"


class _Redirection(_Thing):
    address_id: UUID


class RedirectionCreatedV1(_Redirection, EventPayload):
    """A redirection is there."""

    event_type: ClassVar[str] = "postroom.directory.redirection.created.v1"
    about: ClassVar[str] = "redirection"


class RedirectionChangedV1(_Redirection, EventPayload):
    """A redirection is no longer as it was."""

    event_type: ClassVar[str] = "postroom.directory.redirection.changed.v1"
    about: ClassVar[str] = "redirection"


class RedirectionDeletedV1(_Redirection, EventPayload):
    """A redirection is gone."""

    event_type: ClassVar[str] = "postroom.directory.redirection.deleted.v1"
    about: ClassVar[str] = "redirection"


class _Grant(_Thing):
    address_id: UUID
    person_id: UUID


class GrantCreatedV1(_Grant, EventPayload):
    """A grant is there."""

    event_type: ClassVar[str] = "postroom.directory.grant.created.v1"
    about: ClassVar[str] = "grant"


class GrantChangedV1(_Grant, EventPayload):
    """A grant is no longer as it was."""

    event_type: ClassVar[str] = "postroom.directory.grant.changed.v1"
    about: ClassVar[str] = "grant"


class GrantDeletedV1(_Grant, EventPayload):
    """A grant is gone."""

    event_type: ClassVar[str] = "postroom.directory.grant.deleted.v1"
    about: ClassVar[str] = "grant"


class _Delegation(_Thing):
    address_id: UUID


class DelegationCreatedV1(_Delegation, EventPayload):
    """A delegation is there."""

    event_type: ClassVar[str] = "postroom.directory.delegation.created.v1"
    about: ClassVar[str] = "delegation"


class DelegationChangedV1(_Delegation, EventPayload):
    """A delegation is no longer as it was."""

    event_type: ClassVar[str] = "postroom.directory.delegation.changed.v1"
    about: ClassVar[str] = "delegation"


class DelegationDeletedV1(_Delegation, EventPayload):
    """A delegation is gone."""

    event_type: ClassVar[str] = "postroom.directory.delegation.deleted.v1"
    about: ClassVar[str] = "delegation"


class _ApplicationPassword(_Thing):
    address_id: UUID


class ApplicationPasswordCreatedV1(_ApplicationPassword, EventPayload):
    """An application password is there."""

    event_type: ClassVar[str] = "postroom.directory.application_password.created.v1"
    about: ClassVar[str] = "application password"


class ApplicationPasswordChangedV1(_ApplicationPassword, EventPayload):
    """An application password is no longer as it was."""

    event_type: ClassVar[str] = "postroom.directory.application_password.changed.v1"
    about: ClassVar[str] = "application password"


class ApplicationPasswordDeletedV1(_ApplicationPassword, EventPayload):
    """An application password is gone."""

    event_type: ClassVar[str] = "postroom.directory.application_password.deleted.v1"
    about: ClassVar[str] = "application password"


class _DkimKey(_Thing):
    mail_service_id: UUID


class DkimKeyCreatedV1(_DkimKey, EventPayload):
    """A DKIM key is there."""

    event_type: ClassVar[str] = "postroom.directory.dkim_key.created.v1"
    about: ClassVar[str] = "DKIM key"


class DkimKeyChangedV1(_DkimKey, EventPayload):
    """A DKIM key is no longer as it was."""

    event_type: ClassVar[str] = "postroom.directory.dkim_key.changed.v1"
    about: ClassVar[str] = "DKIM key"


class DkimKeyDeletedV1(_DkimKey, EventPayload):
    """A DKIM key is gone."""

    event_type: ClassVar[str] = "postroom.directory.dkim_key.deleted.v1"
    about: ClassVar[str] = "DKIM key"

"""What a service with a copy of the directory does with the directory's events: note what is stale."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_shared.contracts import directory
from postroom_shared.events.cloudevents import Event
from postroom_shared.events.consumer import Consumer, Handler
from postroom_shared.events.payload import EventPayload
from postroom_shared.projection.repository import note_stale
from postroom_shared.projection.states import Kind

STREAM = "POSTROOM_DIRECTORY"

EVENTS_OF: Mapping[Kind, tuple[type[EventPayload], ...]] = {
    Kind.ORGANISATION: (
        directory.OrganisationCreatedV1,
        directory.OrganisationChangedV1,
        directory.OrganisationDeletedV1,
    ),
    Kind.PERSON: (
        directory.PersonCreatedV1,
        directory.PersonChangedV1,
        directory.PersonDeletedV1,
        directory.PersonCredentialChangedV1,
    ),
    Kind.MEMBERSHIP: (directory.MembershipCreatedV1, directory.MembershipChangedV1, directory.MembershipDeletedV1),
    Kind.MAIL_SERVER: (directory.MailServerCreatedV1, directory.MailServerChangedV1, directory.MailServerDeletedV1),
    Kind.MAIL_SERVICE: (
        directory.MailServiceCreatedV1,
        directory.MailServiceChangedV1,
        directory.MailServiceDeletedV1,
    ),
    Kind.ADDRESS: (
        directory.AddressCreatedV1,
        directory.AddressChangedV1,
        directory.AddressDeletedV1,
        directory.AddressCredentialChangedV1,
    ),
    Kind.ALIAS: (directory.AliasCreatedV1, directory.AliasChangedV1, directory.AliasDeletedV1),
    Kind.GRANT: (directory.GrantCreatedV1, directory.GrantChangedV1, directory.GrantDeletedV1),
    Kind.DELEGATION: (directory.DelegationCreatedV1, directory.DelegationChangedV1, directory.DelegationDeletedV1),
}
"""Which events make the copy of a kind stale."""


def _noting(kind: Kind) -> Handler:
    async def note(session: AsyncSession, event: Event[Any]) -> None:
        thing_id: UUID = event.data.id
        await note_stale(session, kind, thing_id, version=event.data.version)

    return note


def projection_consumer(service: str) -> Consumer:
    """Return the durable reader that a service with a copy of the directory runs."""
    handlers = {model: _noting(kind) for kind, models in EVENTS_OF.items() for model in models}
    return Consumer(service=service, stream=STREAM, name="directory", handlers=handlers)

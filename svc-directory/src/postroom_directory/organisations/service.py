"""Use cases of organisations."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.organisations.domain import (
    Organisation,
    OrganisationDetails,
    OrganisationState,
    require_empty,
    require_manager,
)
from postroom_directory.organisations.repository import Organisations
from postroom_shared.contracts.directory import OrganisationChangedV1, OrganisationCreatedV1, OrganisationDeletedV1
from postroom_shared.events.outbox import publish
from postroom_shared.http.etag import check_version
from postroom_shared.principal import PersonPrincipal
from postroom_shared.values import uuid7


async def create_organisation(
    session: AsyncSession, principal: PersonPrincipal, details: OrganisationDetails
) -> Organisation:
    """Create an organisation; nobody belongs to it yet."""
    now = datetime.now(UTC)
    organisation = Organisation(
        id=uuid7(), details=details, state=OrganisationState.ACTIVE, version=1, created_at=now, changed_at=now
    )
    await Organisations(session, principal).add(organisation)
    payload = OrganisationCreatedV1(id=organisation.id, version=1)
    await publish(session, payload, organisation_id=organisation.id, subject_id=organisation.id)
    return organisation


async def change_organisation(
    session: AsyncSession,
    principal: PersonPrincipal,
    organisation_id: UUID,
    *,
    version: int,
    changes: Mapping[str, Any],
) -> Organisation:
    """Change what its managers decide.

    Raises:
        NotFoundError: The person does not belong to it.
        ForbiddenError: The person does not manage it.
        PreconditionFailedError: *version* is not the present one.
    """
    organisation = await _for_change(session, principal, organisation_id, version=version)
    details = replace(organisation.details, **changes)
    return await _save(session, principal, organisation.with_details(details, now=datetime.now(UTC)))


async def move_to_state(
    session: AsyncSession,
    principal: PersonPrincipal,
    organisation_id: UUID,
    *,
    version: int,
    state: OrganisationState,
) -> Organisation:
    """Suspend an organisation or let it act again; its people cannot act in a suspended one.

    Raises:
        OrganisationStateError: It is in that state already.
    """
    organisation = await _for_change(session, principal, organisation_id, version=version)
    return await _save(session, principal, organisation.in_state(state, now=datetime.now(UTC)))


async def delete_organisation(
    session: AsyncSession, principal: PersonPrincipal, organisation_id: UUID, *, version: int
) -> None:
    """Delete an organisation that has no mail service any more; its row stays, so that its id is never used again.

    Raises:
        OrganisationNotEmptyError: It has mail services.
    """
    organisations = Organisations(session, principal)
    organisation = await _for_change(session, principal, organisation_id, version=version)
    require_empty(await organisations.count_mail_services(organisation_id))
    deleted = organisation.in_state(OrganisationState.DELETED, now=datetime.now(UTC))
    await organisations.save(deleted)
    payload = OrganisationDeletedV1(id=deleted.id, version=deleted.version)
    await publish(session, payload, organisation_id=deleted.id, subject_id=deleted.id)


async def _for_change(
    session: AsyncSession, principal: PersonPrincipal, organisation_id: UUID, *, version: int
) -> Organisation:
    organisation = await Organisations(session, principal).get(organisation_id, lock=True)
    require_manager(principal, organisation_id)
    check_version(wanted=version, present=organisation.version)
    return organisation


async def _save(session: AsyncSession, principal: PersonPrincipal, organisation: Organisation) -> Organisation:
    await Organisations(session, principal).save(organisation)
    payload = OrganisationChangedV1(id=organisation.id, version=organisation.version)
    await publish(session, payload, organisation_id=organisation.id, subject_id=organisation.id)
    return organisation

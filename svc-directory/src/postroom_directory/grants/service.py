"""Use cases of grants."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.grants.domain import Grant, offered_rights, require_grantor
from postroom_directory.grants.errors import GrantExistsError
from postroom_directory.grants.repository import Grants
from postroom_shared.contracts.directory import GrantChangedV1, GrantCreatedV1, GrantDeletedV1
from postroom_shared.errors import NotFoundError
from postroom_shared.events.outbox import publish
from postroom_shared.http.etag import check_version
from postroom_shared.principal import AddressRight, PersonPrincipal, SystemPrincipal
from postroom_shared.values import uuid7


async def attach_address(
    session: AsyncSession,
    principal: PersonPrincipal,
    *,
    address_id: UUID,
    person_id: UUID,
    rights: Iterable[AddressRight] | None,
) -> Grant:
    """Attach an address to a person of the organisation; without *rights* they get what is given by default.

    Raises:
        NotFoundError: The address or the person does not belong to the organisation.
        ForbiddenError: The caller does not manage it.
        GrantExistsError: The address is attached to the person already.

    Source: docs/promises.md#logs-permission
    """
    grants = Grants(session, principal)
    defaults = await grants.default_rights_of(address_id)
    require_grantor(principal)
    await grants.require_member(person_id)
    now, organisation_id = datetime.now(UTC), principal.organisation_id
    if organisation_id is None:
        raise NotFoundError
    grant = Grant(
        id=uuid7(),
        organisation_id=organisation_id,
        address_id=address_id,
        person_id=person_id,
        rights=offered_rights(rights, of_service=defaults),
        version=1,
        created_at=now,
        changed_at=now,
    )
    if not await grants.add(grant):
        raise GrantExistsError
    payload = GrantCreatedV1(id=grant.id, version=1, address_id=address_id, person_id=person_id)
    await publish(session, payload, organisation_id=organisation_id, subject_id=grant.id)
    return grant


async def change_rights(
    session: AsyncSession,
    principal: PersonPrincipal,
    grant_id: UUID,
    *,
    version: int,
    rights: Iterable[AddressRight],
) -> Grant:
    """Change what a person may do with an address.

    Raises:
        ForbiddenError: The caller does not manage the organisation.
    """
    grants = Grants(session, principal)
    grant = await grants.get(grant_id)
    require_grantor(principal)
    check_version(wanted=version, present=grant.version)
    changed = grant.with_rights(rights, now=datetime.now(UTC))
    await grants.save(changed)
    payload = GrantChangedV1(
        id=changed.id, version=changed.version, address_id=changed.address_id, person_id=changed.person_id
    )
    await publish(session, payload, organisation_id=changed.organisation_id, subject_id=changed.id)
    return changed


async def detach_address(session: AsyncSession, principal: PersonPrincipal, grant_id: UUID, *, version: int) -> None:
    """Take an address and every right on it from a person.

    Raises:
        ForbiddenError: The caller does not manage the organisation.
    """
    grants = Grants(session, principal)
    grant = await grants.get(grant_id)
    require_grantor(principal)
    check_version(wanted=version, present=grant.version)
    await grants.remove(grant)
    await _tell_removed(session, [grant])


async def remove_grants_of(session: AsyncSession, *, person_id: UUID, organisation_id: UUID) -> None:
    """Take everything a person holds in an organisation; the caller has judged that they leave it."""
    grants = Grants(session, SystemPrincipal(organisation_id=organisation_id))
    await _tell_removed(session, await grants.take(person_id=person_id))


async def remove_grants_on(session: AsyncSession, *, address_id: UUID, organisation_id: UUID) -> None:
    """Take an address from everybody; the caller is about to delete it."""
    grants = Grants(session, SystemPrincipal(organisation_id=organisation_id))
    await _tell_removed(session, await grants.take(address_id=address_id))


async def _tell_removed(session: AsyncSession, grants: Iterable[Grant]) -> None:
    for grant in grants:
        payload = GrantDeletedV1(
            id=grant.id, version=grant.version + 1, address_id=grant.address_id, person_id=grant.person_id
        )
        await publish(session, payload, organisation_id=grant.organisation_id, subject_id=grant.id)

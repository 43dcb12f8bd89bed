"""What can be done with addresses."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.addresses.access import hold_address, see_address
from postroom_directory.addresses.domain import MailAddress, rights_to_change
from postroom_directory.addresses.errors import ForeignDomainError
from postroom_directory.addresses.repository import Addresses, AddressFilters, Dependants
from postroom_directory.domains.domain import MailDomain
from postroom_directory.domains.errors import DomainNotFoundError
from postroom_directory.domains.repository import Domains
from postroom_directory.grants.service import remove_grants_on
from postroom_directory.mail_services.repository import MailServices
from postroom_directory.visibility import require_manager
from postroom_shared.contracts.directory import (
    AddressChangedV1,
    AddressCreatedV1,
    AddressDeletedV1,
    AliasDeletedV1,
    DelegationDeletedV1,
)
from postroom_shared.events.outbox import publish
from postroom_shared.http.etag import check_version
from postroom_shared.principal import PersonPrincipal, SystemPrincipal
from postroom_shared.values import Address, uuid7


async def list_addresses(
    session: AsyncSession, caller: PersonPrincipal, filters: AddressFilters, *, cursor: str | None, limit: int
) -> list[MailAddress]:
    """Return one more than a page of the addresses the caller may see.

    Source: docs/promises.md#import-target-list
    """
    return await Addresses(session, caller).page(filters, cursor=cursor, limit=limit)


async def read_address(session: AsyncSession, caller: PersonPrincipal, address_id: UUID) -> MailAddress:
    """Return one address the caller may see."""
    return await see_address(session, caller, address_id)


async def create_address(
    session: AsyncSession,
    caller: PersonPrincipal,
    *,
    mail_service_id: UUID,
    address: Address,
    details: Mapping[str, Any],
) -> MailAddress:
    """Create an address in one of the mail service's domains (managers).

    Raises:
        MailServiceNotFoundError: The organisation has no such mail service.
        ForeignDomainError: The mail service has no such domain, or it is an alias domain.
        NameTakenError: An address or an alias has this name.
        CatchAllTakenError: The domain has a catch-all.
    """
    service = await MailServices(session, caller).get(mail_service_id)
    require_manager(caller)
    domain = await own_domain(session, mail_service_id=service.id, address=address)
    created = MailAddress(
        id=uuid7(),
        organisation_id=service.organisation_id,
        mail_service_id=service.id,
        domain_id=domain.id,
        address=address,
        credential_version=0,
        version=1,
        created_at=datetime.now(UTC),
        **details,
    )
    await Addresses(session, caller).add(created)
    payload = AddressCreatedV1(id=created.id, version=1, mail_service_id=service.id)
    await publish(session, payload, organisation_id=created.organisation_id, subject_id=created.id)
    return created


async def own_domain(session: AsyncSession, *, mail_service_id: UUID, address: Address) -> MailDomain:
    """Return the domain in which *address* can be made.

    Raises:
        ForeignDomainError: The mail service has no such domain, or it is an alias domain.
    """
    try:
        domain = await Domains(session, SystemPrincipal()).named(mail_service_id, address.domain)
    except DomainNotFoundError as error:
        raise ForeignDomainError(f"{address.domain} is no domain of this mail service.") from error
    if domain.alias_of is not None:
        raise ForeignDomainError(f"{domain.name} takes the addresses of {domain.alias_of}: create it there.")
    return domain


async def change_address(
    session: AsyncSession, caller: PersonPrincipal, address_id: UUID, *, version: int, changes: Mapping[str, Any]
) -> MailAddress:
    """Change an address: managers all of it, others what their rights on it allow.

    Raises:
        NotManagerError: Only managers change one of these members.
        RightMissingError: The caller lacks the right for one of them.
        CatchAllTakenError: The domain has a catch-all.
    """
    needed = rights_to_change(changes)
    address = await hold_address(session, caller, address_id, *(needed or ()))
    if needed is None:
        require_manager(caller)
    check_version(wanted=version, present=address.version)
    return await save_address(session, address.with_changes(changes))


async def save_address(session: AsyncSession, address: MailAddress) -> MailAddress:
    """Store the next version of an address and tell the others."""
    await Addresses(session, SystemPrincipal(organisation_id=address.organisation_id)).save(address)
    payload = AddressChangedV1(id=address.id, version=address.version, mail_service_id=address.mail_service_id)
    await publish(session, payload, organisation_id=address.organisation_id, subject_id=address.id)
    return address


async def delete_address(session: AsyncSession, caller: PersonPrincipal, address_id: UUID, *, version: int) -> None:
    """Delete an address with its aliases, rights and passwords; mail servers stop to know it with the commit.

    Source: docs/promises.md#bulk-actions
    """
    address = await hold_address(session, caller, address_id)
    require_manager(caller)
    check_version(wanted=version, present=address.version)
    await remove_grants_on(session, address_id=address_id, organisation_id=address.organisation_id)
    gone = await Addresses(session, caller).remove(address)
    await _tell_deleted(session, address, gone)


async def _tell_deleted(session: AsyncSession, address: MailAddress, gone: Dependants) -> None:
    organisation_id = address.organisation_id
    for alias_id, version in gone.aliases:
        alias = AliasDeletedV1(id=alias_id, version=version, address_id=address.id)
        await publish(session, alias, organisation_id=organisation_id, subject_id=alias_id)
    for delegation_id, version, address_id in gone.delegations:
        delegation = DelegationDeletedV1(id=delegation_id, version=version, address_id=address_id)
        await publish(session, delegation, organisation_id=organisation_id, subject_id=delegation_id)
    payload = AddressDeletedV1(id=address.id, version=address.version + 1, mail_service_id=address.mail_service_id)
    await publish(session, payload, organisation_id=organisation_id, subject_id=address.id)

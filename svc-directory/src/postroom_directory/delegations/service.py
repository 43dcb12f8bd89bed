"""What can be done with delegations."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.addresses.access import hold_address, see_address
from postroom_directory.addresses.errors import AddressNotFoundError
from postroom_directory.addresses.repository import Addresses
from postroom_directory.delegations.domain import DelegatedRight, Delegation, require_two_addresses
from postroom_directory.delegations.errors import DelegateUnknownError
from postroom_directory.delegations.repository import Delegations
from postroom_shared.contracts.directory import DelegationCreatedV1, DelegationDeletedV1
from postroom_shared.events.outbox import publish
from postroom_shared.http.etag import check_version
from postroom_shared.http.pages import PageQuery
from postroom_shared.principal import AddressRight, PersonPrincipal, SystemPrincipal
from postroom_shared.values import uuid7


async def list_delegations(
    session: AsyncSession, caller: PersonPrincipal, query: PageQuery, address_id: UUID
) -> list[Delegation]:
    """Return one more than a page of the delegations of an address the caller may see."""
    await see_address(session, caller, address_id)
    return await Delegations(session, caller, address_id).page(query)


async def read_delegation(
    session: AsyncSession, caller: PersonPrincipal, address_id: UUID, delegation_id: UUID
) -> Delegation:
    """Return one delegation of an address the caller may see."""
    await see_address(session, caller, address_id)
    return await Delegations(session, caller, address_id).get(delegation_id)


async def delegate(
    session: AsyncSession,
    caller: PersonPrincipal,
    address_id: UUID,
    *,
    delegate_address_id: UUID,
    right: DelegatedRight,
) -> Delegation:
    """Let another address of the organisation send for this one.

    Raises:
        DelegateUnknownError: The other one is not of the organisation, or the same.
        DelegationExistsError: It may do that already.
    """
    address = await hold_address(session, caller, address_id, AddressRight.SECURITY_MANAGE)
    organisation = SystemPrincipal(organisation_id=address.organisation_id)
    try:
        other = await Addresses(session, organisation).get(delegate_address_id)
    except AddressNotFoundError as error:
        raise DelegateUnknownError from error
    require_two_addresses(address, other)
    delegation = Delegation(
        id=uuid7(),
        organisation_id=address.organisation_id,
        address_id=address_id,
        delegate_address_id=delegate_address_id,
        right=right,
        version=1,
        created_at=datetime.now(UTC),
    )
    await Delegations(session, caller, address_id).add(delegation)
    payload = DelegationCreatedV1(id=delegation.id, version=1, address_id=address_id)
    await publish(session, payload, organisation_id=address.organisation_id, subject_id=delegation.id)
    return delegation


async def end_delegation(
    session: AsyncSession, caller: PersonPrincipal, address_id: UUID, delegation_id: UUID, *, version: int
) -> None:
    """No longer let the other address send for this one."""
    address = await hold_address(session, caller, address_id, AddressRight.SECURITY_MANAGE)
    delegations = Delegations(session, caller, address_id)
    delegation = await delegations.get(delegation_id)
    check_version(wanted=version, present=delegation.version)
    await delegations.remove(delegation_id)
    payload = DelegationDeletedV1(id=delegation_id, version=delegation.version + 1, address_id=address_id)
    await publish(session, payload, organisation_id=address.organisation_id, subject_id=delegation_id)

"""What can be done with aliases."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.addresses.access import hold_address, see_address
from postroom_directory.addresses.service import own_domain
from postroom_directory.aliases.domain import Alias, require_room
from postroom_directory.aliases.repository import Aliases
from postroom_shared.contracts.directory import AliasCreatedV1, AliasDeletedV1
from postroom_shared.events.outbox import publish
from postroom_shared.http.etag import check_version
from postroom_shared.http.pages import PageQuery
from postroom_shared.principal import AddressRight, PersonPrincipal
from postroom_shared.values import Address, uuid7


async def list_aliases(
    session: AsyncSession, caller: PersonPrincipal, query: PageQuery, address_id: UUID
) -> list[Alias]:
    """Return one more than a page of the aliases of an address the caller may see."""
    await see_address(session, caller, address_id)
    return await Aliases(session, caller, address_id).page(query)


async def read_alias(session: AsyncSession, caller: PersonPrincipal, address_id: UUID, alias_id: UUID) -> Alias:
    """Return one alias of an address the caller may see."""
    await see_address(session, caller, address_id)
    return await Aliases(session, caller, address_id).get(alias_id)


async def add_alias(session: AsyncSession, caller: PersonPrincipal, address_id: UUID, *, alias: Address) -> Alias:
    """Give an address a further name: it takes mail for it and may send with it from the commit on.

    Raises:
        ForeignDomainError: Its mail service has no such domain.
        NameTakenError: An address or an alias has the name.
        TooManyAliasesError: The address has too many.
    """
    address = await hold_address(session, caller, address_id, AddressRight.ALIASES_MANAGE)
    aliases = Aliases(session, caller, address_id)
    require_room(await aliases.count())
    domain = await own_domain(session, mail_service_id=address.mail_service_id, address=alias)
    added = Alias(
        id=uuid7(),
        organisation_id=address.organisation_id,
        address_id=address_id,
        domain_id=domain.id,
        alias=alias,
        version=1,
        created_at=datetime.now(UTC),
    )
    await aliases.add(added)
    payload = AliasCreatedV1(id=added.id, version=1, address_id=address_id)
    await publish(session, payload, organisation_id=address.organisation_id, subject_id=added.id)
    return added


async def remove_alias(
    session: AsyncSession, caller: PersonPrincipal, address_id: UUID, alias_id: UUID, *, version: int
) -> None:
    """Take a name away from an address.

    Raises:
        AliasNotFoundError: The address has no such alias.
    """
    address = await hold_address(session, caller, address_id, AddressRight.ALIASES_MANAGE)
    aliases = Aliases(session, caller, address_id)
    alias = await aliases.get(alias_id)
    check_version(wanted=version, present=alias.version)
    await aliases.remove(alias_id)
    payload = AliasDeletedV1(id=alias_id, version=alias.version + 1, address_id=address_id)
    await publish(session, payload, organisation_id=address.organisation_id, subject_id=alias_id)

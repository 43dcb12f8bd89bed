"""What can be done with domains. Only the operator adds and removes them: whoever adds one gets its mail."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.domains.domain import MailDomain, require_own_addresses, require_secondary
from postroom_directory.domains.repository import Domains
from postroom_directory.mail_services.service import hold_for_change, read_mail_service, save
from postroom_directory.visibility import administrative
from postroom_shared.http.etag import check_version
from postroom_shared.http.pages import PageQuery
from postroom_shared.principal import PersonPrincipal
from postroom_shared.values import Domain


async def list_domains(
    session: AsyncSession, caller: PersonPrincipal, query: PageQuery, mail_service_id: UUID
) -> list[MailDomain]:
    """Return one more than a page of the domains of a mail service the caller may see."""
    await read_mail_service(session, caller, mail_service_id)
    return await Domains(session, administrative(caller)).page(query, mail_service_id)


async def read_domain(
    session: AsyncSession, caller: PersonPrincipal, mail_service_id: UUID, domain_id: UUID
) -> MailDomain:
    """Return one domain of a mail service the caller may see."""
    await read_mail_service(session, caller, mail_service_id)
    return await Domains(session, administrative(caller)).get(mail_service_id, domain_id)


async def add_domain(
    session: AsyncSession, caller: PersonPrincipal, mail_service_id: UUID, *, name: Domain, alias_of: Domain | None
) -> MailDomain:
    """Give a mail service a further domain (operator).

    Raises:
        DomainTakenError: It belongs to a mail service already.
        DomainNotFoundError: *alias_of* is no domain of this mail service.
        DomainIsAliasError: *alias_of* is an alias domain.
    """
    service = await hold_for_change(session, caller, mail_service_id)
    domains = Domains(session, administrative(caller))
    original = await domains.named(mail_service_id, alias_of) if alias_of else None
    domain = MailDomain.of(service, name, alias_of=original, now=datetime.now(UTC))
    await domains.add(domain)
    await save(session, service.with_changes({}))
    return domain


async def make_primary(
    session: AsyncSession, caller: PersonPrincipal, mail_service_id: UUID, domain_id: UUID
) -> MailDomain:
    """Make a domain the one its mail service is known by."""
    service = await hold_for_change(session, caller, mail_service_id)
    domains = Domains(session, administrative(caller))
    domain = await domains.get(mail_service_id, domain_id)
    require_own_addresses(domain)
    if not domain.is_primary:
        await domains.make_primary(domain)
        await save(session, service.with_changes({}))
    return await domains.get(mail_service_id, domain_id)


async def remove_domain(
    session: AsyncSession, caller: PersonPrincipal, mail_service_id: UUID, domain_id: UUID, *, version: int
) -> None:
    """Take a domain away from a mail service (operator).

    Raises:
        DomainInUseError: Addresses, aliases, keys or alias domains depend on it.
        DomainIsPrimaryError: It is the primary one.
    """
    service = await hold_for_change(session, caller, mail_service_id)
    domains = Domains(session, administrative(caller))
    domain = await domains.get(mail_service_id, domain_id)
    check_version(wanted=version, present=domain.version)
    require_secondary(domain)
    await domains.remove(domain)
    await save(session, service.with_changes({}))

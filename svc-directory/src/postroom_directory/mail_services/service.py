"""What can be done with mail services: the operator makes them and sets plans, managers name them and set defaults."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.domains.domain import MailDomain
from postroom_directory.domains.repository import Domains
from postroom_directory.mail_services.domain import MailService
from postroom_directory.mail_services.repository import MailServices
from postroom_directory.visibility import administrative, require_manager_or_operator
from postroom_shared.contracts.directory import MailServiceChangedV1, MailServiceCreatedV1, MailServiceDeletedV1
from postroom_shared.events.outbox import publish
from postroom_shared.http.etag import check_version
from postroom_shared.http.pages import PageQuery
from postroom_shared.principal import AddressRight, PersonPrincipal, SystemPrincipal
from postroom_shared.values import Domain, uuid7


async def list_mail_services(
    session: AsyncSession, caller: PersonPrincipal, query: PageQuery, *, organisation_id: UUID | None
) -> list[MailService]:
    """Return one more than a page of the mail services the caller may see."""
    return await MailServices(session, administrative(caller)).page(query, organisation_id=organisation_id)


async def read_mail_service(session: AsyncSession, caller: PersonPrincipal, mail_service_id: UUID) -> MailService:
    """Return one mail service the caller may see."""
    return await MailServices(session, administrative(caller)).get(mail_service_id)


async def create_mail_service(
    session: AsyncSession,
    *,
    organisation_id: UUID,
    mail_server_id: UUID,
    name: str,
    primary_domain: Domain,
    plan: str,
    log_retention_days: int,
    language: str,
    time_zone: str,
    default_rights: frozenset[AddressRight],
) -> MailService:
    """Create a mail service and its first domain (operator).

    Raises:
        UnknownReferenceError: There is no such organisation or mail server.
        DomainTakenError: The domain belongs to a mail service already.
    """
    now = datetime.now(UTC)
    service = MailService(
        id=uuid7(),
        organisation_id=organisation_id,
        mail_server_id=mail_server_id,
        name=name,
        primary_domain=primary_domain,
        plan=plan,
        log_retention_days=log_retention_days,
        logs_since=now,
        language=language,
        time_zone=time_zone,
        default_rights=default_rights,
        version=1,
        created_at=now,
    )
    await MailServices(session, SystemPrincipal()).add(service)
    await Domains(session, SystemPrincipal()).add(MailDomain.first_of(service, now=now))
    created = MailServiceCreatedV1(id=service.id, version=1, mail_server_id=mail_server_id)
    await publish(session, created, organisation_id=organisation_id, subject_id=service.id)
    return service


async def change_mail_service(
    session: AsyncSession, caller: PersonPrincipal, mail_service_id: UUID, *, version: int, changes: Mapping[str, Any]
) -> MailService:
    """Change what managers decide about a mail service.

    Raises:
        NotManagerError: The caller neither manages the organisation nor runs the installation.
        PreconditionFailedError: *version* is not the present one.
    """
    service = await hold_for_change(session, caller, mail_service_id)
    check_version(wanted=version, present=service.version)
    return await save(session, service.with_changes(changes))


async def set_plan(
    session: AsyncSession,
    caller: PersonPrincipal,
    mail_service_id: UUID,
    *,
    version: int,
    plan: str,
    log_retention_days: int,
) -> MailService:
    """Put a mail service under another plan (operator).

    Source: docs/promises.md#logs-20-days
    """
    service = await hold_for_change(session, caller, mail_service_id)
    check_version(wanted=version, present=service.version)
    now = datetime.now(UTC)
    return await save(session, service.with_plan(plan, log_retention_days=log_retention_days, now=now))


async def remove_mail_service(
    session: AsyncSession, caller: PersonPrincipal, mail_service_id: UUID, *, version: int
) -> None:
    """Delete a mail service that has no addresses and no keys (operator)."""
    service = await hold_for_change(session, caller, mail_service_id)
    check_version(wanted=version, present=service.version)
    await MailServices(session, SystemPrincipal()).remove(mail_service_id)
    deleted = MailServiceDeletedV1(id=service.id, version=service.version + 1, mail_server_id=service.mail_server_id)
    await publish(session, deleted, organisation_id=service.organisation_id, subject_id=service.id)


async def hold_for_change(session: AsyncSession, caller: PersonPrincipal, mail_service_id: UUID) -> MailService:
    """Return a mail service that the caller may change, locked until the transaction ends.

    Raises:
        MailServiceNotFoundError: The caller may not see it.
        NotManagerError: The caller may see it only.
    """
    service = await MailServices(session, administrative(caller)).get(mail_service_id, lock=True)
    require_manager_or_operator(caller)
    return service


async def save(session: AsyncSession, service: MailService) -> MailService:
    """Store the next version of a mail service and tell the others."""
    await MailServices(session, SystemPrincipal(organisation_id=service.organisation_id)).save(service)
    changed = MailServiceChangedV1(id=service.id, version=service.version, mail_server_id=service.mail_server_id)
    await publish(session, changed, organisation_id=service.organisation_id, subject_id=service.id)
    return service

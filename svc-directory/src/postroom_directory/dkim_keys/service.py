"""What can be done with DKIM keys."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.dkim_keys.domain import (
    DkimAlgorithm,
    DkimKey,
    DkimKeyState,
    default_selector,
    new_key_pair,
    require_not_active,
)
from postroom_directory.dkim_keys.repository import DkimKeys
from postroom_directory.domains.repository import Domains
from postroom_directory.mail_services.service import hold_for_change
from postroom_directory.visibility import administrative
from postroom_shared.contracts.directory import DkimKeyChangedV1, DkimKeyCreatedV1, DkimKeyDeletedV1
from postroom_shared.events.outbox import publish
from postroom_shared.http.etag import check_version
from postroom_shared.http.pages import PageQuery
from postroom_shared.principal import PersonPrincipal, SystemPrincipal
from postroom_shared.security.sealing import SealContext, Vault
from postroom_shared.values import Domain, uuid7


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenedKey:
    """A key that signs, with its private half in the clear."""

    key: DkimKey
    private_pem: str


def _context(key_id: UUID) -> SealContext:
    return ("dkim_key", key_id, "private_key")


async def list_dkim_keys(
    session: AsyncSession, caller: PersonPrincipal, query: PageQuery, mail_service_id: UUID
) -> list[DkimKey]:
    """Return one more than a page of the keys of a mail service (managers, operator)."""
    await hold_for_change(session, caller, mail_service_id)
    return await DkimKeys(session, administrative(caller)).page(query, mail_service_id)


async def read_dkim_key(session: AsyncSession, caller: PersonPrincipal, mail_service_id: UUID, key_id: UUID) -> DkimKey:
    """Return one key of a mail service (managers, operator)."""
    await hold_for_change(session, caller, mail_service_id)
    return await DkimKeys(session, administrative(caller)).get(mail_service_id, key_id)


async def create_dkim_key(
    session: AsyncSession,
    vault: Vault,
    caller: PersonPrincipal,
    mail_service_id: UUID,
    *,
    domain: Domain,
    algorithm: DkimAlgorithm,
    selector: str | None,
) -> DkimKey:
    """Make a key pair for a domain; it signs nothing before it is activated.

    Raises:
        DomainNotFoundError: The mail service has no such domain.
        SelectorTakenError: The domain has a key with this selector.
    """
    service = await hold_for_change(session, caller, mail_service_id)
    found = await Domains(session, administrative(caller)).named(mail_service_id, domain)
    pair = await asyncio.to_thread(new_key_pair, algorithm)
    key_id, now = uuid7(), datetime.now(UTC)
    sealed = await vault.seal(session, service.organisation_id, context=_context(key_id), plaintext=pair.private_pem)
    key = DkimKey(
        id=key_id,
        organisation_id=service.organisation_id,
        mail_service_id=mail_service_id,
        domain_id=found.id,
        domain=found.name,
        selector=selector or default_selector(algorithm, now=now),
        algorithm=algorithm,
        public_key=pair.public_key,
        private_key=sealed,
        state=DkimKeyState.PREPARED,
        activated_at=None,
        retired_at=None,
        version=1,
        created_at=now,
    )
    await DkimKeys(session, administrative(caller)).add(key)
    payload = DkimKeyCreatedV1(id=key.id, version=1, mail_service_id=mail_service_id)
    await publish(session, payload, organisation_id=key.organisation_id, subject_id=key.id)
    return key


async def activate_dkim_key(
    session: AsyncSession, caller: PersonPrincipal, mail_service_id: UUID, key_id: UUID, *, version: int
) -> DkimKey:
    """Let a key sign; the one of the same algorithm that signed before is retired.

    Raises:
        DkimKeyStateError: It is not merely prepared.
    """
    key = await _hold(session, caller, mail_service_id, key_id, version=version)
    now = datetime.now(UTC)
    activated = key.activated(now=now)
    for other in await DkimKeys(session, administrative(caller)).active(key.domain):
        if other.algorithm is key.algorithm:
            await _save(session, other.retired(now=now))
    return await _save(session, activated)


async def retire_dkim_key(
    session: AsyncSession, caller: PersonPrincipal, mail_service_id: UUID, key_id: UUID, *, version: int
) -> DkimKey:
    """Let a key sign no more; its record should stay a week, for mail on its way.

    Raises:
        DkimKeyStateError: It is retired.
    """
    key = await _hold(session, caller, mail_service_id, key_id, version=version)
    return await _save(session, key.retired(now=datetime.now(UTC)))


async def remove_dkim_key(
    session: AsyncSession, caller: PersonPrincipal, mail_service_id: UUID, key_id: UUID, *, version: int
) -> None:
    """Delete a key that does not sign.

    Raises:
        DkimKeyStateError: It signs.
    """
    key = await _hold(session, caller, mail_service_id, key_id, version=version)
    require_not_active(key)
    await DkimKeys(session, administrative(caller)).remove(key_id)
    payload = DkimKeyDeletedV1(id=key.id, version=key.version + 1, mail_service_id=mail_service_id)
    await publish(session, payload, organisation_id=key.organisation_id, subject_id=key.id)


async def read_signing_keys(session: AsyncSession, vault: Vault, domain: Domain) -> list[OpenedKey]:
    """Return the keys that sign the mail of a domain, opened, to svc-smtp-guard."""
    return [await _open(session, vault, key) for key in await DkimKeys(session, SystemPrincipal()).active(domain)]


async def _open(session: AsyncSession, vault: Vault, key: DkimKey) -> OpenedKey:
    pem = await vault.unseal(session, key.organisation_id, context=_context(key.id), sealed=key.private_key)
    return OpenedKey(key=key, private_pem=pem.decode())


async def _hold(
    session: AsyncSession, caller: PersonPrincipal, mail_service_id: UUID, key_id: UUID, *, version: int
) -> DkimKey:
    await hold_for_change(session, caller, mail_service_id)
    key = await DkimKeys(session, administrative(caller)).get(mail_service_id, key_id)
    check_version(wanted=version, present=key.version)
    return key


async def _save(session: AsyncSession, key: DkimKey) -> DkimKey:
    await DkimKeys(session, SystemPrincipal(organisation_id=key.organisation_id)).save(key)
    payload = DkimKeyChangedV1(id=key.id, version=key.version, mail_service_id=key.mail_service_id)
    await publish(session, payload, organisation_id=key.organisation_id, subject_id=key.id)
    return key

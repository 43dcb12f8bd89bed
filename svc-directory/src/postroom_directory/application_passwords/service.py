"""What can be done with application passwords."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.addresses.access import hold_address, see_address
from postroom_directory.addresses.domain import require_mailbox
from postroom_directory.application_passwords.domain import (
    ApplicationPassword,
    Protocol,
    Secret,
    require_future,
    require_room,
)
from postroom_directory.application_passwords.repository import ApplicationPasswords
from postroom_directory.credentials.service import tell_new_credentials
from postroom_shared.contracts.directory import ApplicationPasswordCreatedV1, ApplicationPasswordDeletedV1
from postroom_shared.events.outbox import publish
from postroom_shared.http.etag import check_version
from postroom_shared.http.pages import PageQuery
from postroom_shared.principal import AddressRight, PersonPrincipal
from postroom_shared.values import uuid7


@dataclass(frozen=True, kw_only=True, slots=True)
class MadePassword:
    """An application password and, this once, what the user types."""

    stored: ApplicationPassword
    text: str


async def list_application_passwords(
    session: AsyncSession, caller: PersonPrincipal, query: PageQuery, address_id: UUID
) -> list[ApplicationPassword]:
    """Return one more than a page of the application passwords of an address."""
    await see_address(session, caller, address_id, AddressRight.DEVICES_MANAGE)
    return await ApplicationPasswords(session, caller, address_id).page(query)


async def read_application_password(
    session: AsyncSession, caller: PersonPrincipal, address_id: UUID, password_id: UUID
) -> ApplicationPassword:
    """Return one application password of an address."""
    await see_address(session, caller, address_id, AddressRight.DEVICES_MANAGE)
    return await ApplicationPasswords(session, caller, address_id).get(password_id)


async def create_application_password(
    session: AsyncSession,
    caller: PersonPrincipal,
    address_id: UUID,
    *,
    name: str,
    protocols: frozenset[Protocol],
    expires_at: datetime | None,
) -> MadePassword:
    """Make a secret that opens an address for these protocols; mail servers take it from the commit on.

    Raises:
        NoMailboxError: The address only forwards.
        AlreadyExpiredError: *expires_at* is over.
        TooManyApplicationPasswordsError: The address has too many.
    """
    now, secret = datetime.now(UTC), Secret.new()
    address = await hold_address(session, caller, address_id, AddressRight.DEVICES_MANAGE)
    require_mailbox(address)
    require_future(expires_at, now=now)
    stored = ApplicationPasswords(session, caller, address_id)
    require_room(await stored.count())
    made = ApplicationPassword(
        id=uuid7(),
        organisation_id=address.organisation_id,
        address_id=address_id,
        lookup_id=secret.lookup_id,
        name=name,
        protocols=protocols,
        secret_hash=secret.hashed(),
        expires_at=expires_at,
        version=1,
        created_at=now,
    )
    await stored.add(made)
    payload = ApplicationPasswordCreatedV1(id=made.id, version=1, address_id=address_id)
    await publish(session, payload, organisation_id=address.organisation_id, subject_id=made.id)
    await tell_new_credentials(session, address)
    return MadePassword(stored=made, text=secret.text)


async def remove_application_password(
    session: AsyncSession, caller: PersonPrincipal, address_id: UUID, password_id: UUID, *, version: int
) -> None:
    """Take an application password away: nobody signs in with it from the commit on."""
    address = await hold_address(session, caller, address_id, AddressRight.DEVICES_MANAGE)
    stored = ApplicationPasswords(session, caller, address_id)
    found = await stored.get(password_id)
    check_version(wanted=version, present=found.version)
    await stored.remove(password_id)
    payload = ApplicationPasswordDeletedV1(id=password_id, version=found.version + 1, address_id=address_id)
    await publish(session, payload, organisation_id=address.organisation_id, subject_id=password_id)
    await tell_new_credentials(session, address)

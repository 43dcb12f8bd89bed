"""What can be done with passwords of addresses."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.addresses.access import hold_address, see_address
from postroom_directory.addresses.domain import MailAddress, require_mailbox
from postroom_directory.addresses.repository import Addresses
from postroom_directory.addresses.service import save_address
from postroom_directory.application_passwords.domain import ApplicationPassword
from postroom_directory.application_passwords.repository import ApplicationPasswords
from postroom_directory.credentials.domain import DOVECOT_SCHEME, Credential, require_strong
from postroom_directory.credentials.repository import Credentials
from postroom_directory.passwords import Passwords
from postroom_shared.contracts.directory import AddressCredentialChangedV1
from postroom_shared.events.outbox import publish
from postroom_shared.principal import AddressRight, PersonPrincipal, SystemPrincipal


@dataclass(frozen=True, kw_only=True, slots=True)
class AddressCredentials:
    """All that opens one address, as hashes."""

    address: MailAddress
    password: str | None
    application_passwords: list[ApplicationPassword]


async def try_password(
    session: AsyncSession, passwords: Passwords, caller: PersonPrincipal, address_id: UUID, *, password: str
) -> bool:
    """Return whether *password* is the one of an address that the caller manages or that is attached to them.

    Raises:
        NoMailboxError: The address only forwards.
        TooManyWrongPasswordsError: Too many were tried.

    Source: docs/promises.md#password-check
    """
    address = await see_address(session, caller, address_id)
    require_mailbox(address)
    credentials, now = Credentials(session, caller, address), datetime.now(UTC)
    credential = (await credentials.hold_for_test()).at(now)
    credential.require_patience(now)
    matches = await passwords.matches(credential.password_hash, password)
    await credentials.save(credential if matches else credential.after_wrong_test(now))
    return matches


async def change_password(
    session: AsyncSession, passwords: Passwords, caller: PersonPrincipal, address_id: UUID, *, password: str
) -> None:
    """Give an address a new password; mail servers take it from the commit on.

    Raises:
        NoMailboxError: The address only forwards.
        PasswordTooWeakError: It would be guessed.

    Source: docs/promises.md#password-check
    """
    address = await see_address(session, caller, address_id, AddressRight.PASSWORD_CHANGE)
    require_mailbox(address)
    require_strong(password, address.address)
    password_hash = await passwords.hash(password)
    address = await hold_address(session, caller, address_id, AddressRight.PASSWORD_CHANGE)
    credentials = Credentials(session, caller, address)
    await credentials.save(_renewed(await credentials.hold(), password_hash))
    await tell_new_credentials(session, address)


def _renewed(credential: Credential, password_hash: str) -> Credential:
    now = datetime.now(UTC)
    return replace(credential, password_hash=password_hash, changed_at=now, wrong_tests=0, wrong_tests_since=None)


async def tell_new_credentials(session: AsyncSession, address: MailAddress) -> MailAddress:
    """Count up the credential version of an address that is locked, and tell the others."""
    renewed = await save_address(session, address.with_new_credentials())
    payload = AddressCredentialChangedV1(
        id=renewed.id, version=renewed.version, credential_version=renewed.credential_version
    )
    await publish(session, payload, organisation_id=renewed.organisation_id, subject_id=renewed.id)
    return renewed


async def read_credentials(session: AsyncSession, address_id: UUID) -> AddressCredentials:
    """Return the hashes that open an address, to svc-smtp-guard.

    Raises:
        AddressNotFoundError: There is no such address.
    """
    suite = SystemPrincipal()
    address = await Addresses(session, suite).get(address_id)
    credential = await Credentials(session, suite, address).find()
    stored = credential.password_hash if credential else None
    return AddressCredentials(
        address=address,
        password=DOVECOT_SCHEME + stored if stored else None,
        application_passwords=await ApplicationPasswords(session, suite, address_id).all(),
    )

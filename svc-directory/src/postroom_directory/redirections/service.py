"""What can be done with redirections. The directory keeps them; svc-templates carries them out."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.addresses.access import hold_address, see_address
from postroom_directory.addresses.repository import Addresses
from postroom_directory.mail_services.repository import MailServices
from postroom_directory.redirections.domain import (
    Redirection,
    hash_token,
    new_token,
    require_elsewhere,
    require_room,
)
from postroom_directory.redirections.repository import Redirections
from postroom_shared.contracts.directory import RedirectionChangedV1, RedirectionCreatedV1, RedirectionDeletedV1
from postroom_shared.events.outbox import publish
from postroom_shared.http.etag import check_version
from postroom_shared.http.pages import PageQuery
from postroom_shared.principal import AddressRight, PersonPrincipal, SystemPrincipal
from postroom_shared.values import Address, uuid7


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfirmationMail:
    """What the mail that asks for consent says."""

    token: str
    redirection: Redirection
    address: Address
    language: str


async def list_redirections(
    session: AsyncSession, caller: PersonPrincipal, query: PageQuery, address_id: UUID
) -> list[Redirection]:
    """Return one more than a page of the redirections of an address the caller may see."""
    await see_address(session, caller, address_id, AddressRight.REDIRECTIONS_MANAGE)
    return await Redirections(session, caller).page(query, address_id)


async def read_redirection(
    session: AsyncSession, caller: PersonPrincipal, address_id: UUID, redirection_id: UUID
) -> Redirection:
    """Return one redirection of an address the caller may see."""
    await see_address(session, caller, address_id, AddressRight.REDIRECTIONS_MANAGE)
    return await Redirections(session, caller).get(redirection_id, address_id=address_id)


async def redirect(
    session: AsyncSession, caller: PersonPrincipal, address_id: UUID, *, target: Address, keep_copy: bool
) -> Redirection:
    """Ask for a redirection; it waits until whoever reads the target's mail agrees.

    Raises:
        RedirectionLoopError: The target is the address itself.
        RedirectionExistsError: The address redirects there already.
        TooManyRedirectionsError: The address has too many.
    """
    address = await hold_address(session, caller, address_id, AddressRight.REDIRECTIONS_MANAGE)
    redirections = Redirections(session, caller)
    require_room(await redirections.count(address_id))
    require_elsewhere(target, own_names=await redirections.names_of(address_id))
    redirection = Redirection(
        id=uuid7(),
        organisation_id=address.organisation_id,
        address_id=address_id,
        target=target,
        keep_copy=keep_copy,
        token_hash=None,
        token_expires_at=None,
        confirmed_at=None,
        version=1,
        created_at=datetime.now(UTC),
    )
    await redirections.add(redirection)
    payload = RedirectionCreatedV1(id=redirection.id, version=1, address_id=address_id)
    await publish(session, payload, organisation_id=address.organisation_id, subject_id=redirection.id)
    return redirection


async def issue_token(session: AsyncSession, redirection_id: UUID) -> ConfirmationMail:
    """Make the token for the mail that asks for consent; the tokens before are no longer good.

    It exists in this answer and in that mail only. The caller is the service that writes the mail, which heard of the
    redirection by `redirection.created`.

    Raises:
        RedirectionNotFoundError: There is no such redirection any more.
        AlreadyConfirmedError: Nothing is waited for.
    """
    redirections, token = Redirections(session, SystemPrincipal()), new_token()
    redirection = (await redirections.get(redirection_id)).with_token(token, now=datetime.now(UTC))
    await redirections.save(redirection)
    address = await Addresses(session, SystemPrincipal()).get(redirection.address_id)
    service = await MailServices(session, SystemPrincipal()).get(address.mail_service_id)
    return ConfirmationMail(token=token, redirection=redirection, address=address.address, language=service.language)


async def confirm_redirection(session: AsyncSession, *, token: str) -> Redirection:
    """Agree to the redirection whose token this is; it works once.

    Raises:
        TokenInvalidError: The token is not, or no longer, good.
    """
    redirections = Redirections(session, SystemPrincipal())
    redirection = (await redirections.waiting_for(hash_token(token))).confirmed(now=datetime.now(UTC))
    await redirections.save(redirection)
    payload = RedirectionChangedV1(id=redirection.id, version=redirection.version, address_id=redirection.address_id)
    await publish(session, payload, organisation_id=redirection.organisation_id, subject_id=redirection.id)
    return redirection


async def remove_redirection(
    session: AsyncSession, caller: PersonPrincipal, address_id: UUID, redirection_id: UUID, *, version: int
) -> None:
    """Redirect no longer."""
    address = await hold_address(session, caller, address_id, AddressRight.REDIRECTIONS_MANAGE)
    redirections = Redirections(session, caller)
    redirection = await redirections.get(redirection_id, address_id=address_id)
    check_version(wanted=version, present=redirection.version)
    await redirections.remove(redirection_id)
    payload = RedirectionDeletedV1(id=redirection_id, version=redirection.version + 1, address_id=address_id)
    await publish(session, payload, organisation_id=address.organisation_id, subject_id=redirection_id)

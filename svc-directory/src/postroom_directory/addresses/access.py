"""Who may do what with an address: every feature that hangs on one asks here.

Source: docs/promises.md#roles
"""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.addresses.domain import MailAddress
from postroom_directory.addresses.errors import RightMissingError
from postroom_directory.addresses.repository import Addresses
from postroom_shared.principal import AddressRight, PersonPrincipal


async def see_address(
    session: AsyncSession, caller: PersonPrincipal, address_id: UUID, *needed: AddressRight
) -> MailAddress:
    """Return an address that the caller manages by role, or that is attached to them with all rights *needed*.

    Raises:
        AddressNotFoundError: There is none, or it is neither.
        RightMissingError: It is attached to them without one of the rights.
    """
    address = await Addresses(session, caller).get(address_id)
    await _require(session, caller, address_id, needed)
    return address


async def hold_address(
    session: AsyncSession, caller: PersonPrincipal, address_id: UUID, *needed: AddressRight
) -> MailAddress:
    """Do as `see_address`, and keep others from changing the address until the transaction ends."""
    address = await Addresses(session, caller).get(address_id, lock=True)
    await _require(session, caller, address_id, needed)
    return address


async def _require(
    session: AsyncSession, caller: PersonPrincipal, address_id: UUID, needed: tuple[AddressRight, ...]
) -> None:
    if caller.manages or not needed:
        return
    missing = set(needed) - await Addresses(session, caller).rights(address_id, caller)
    if missing:
        raise RightMissingError(extra={"right": min(missing)})

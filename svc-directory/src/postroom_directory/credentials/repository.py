"""Every SQL statement about passwords of addresses."""

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.addresses.domain import MailAddress
from postroom_directory.credentials.domain import Credential
from postroom_directory.credentials.errors import TooManyWrongPasswordsError
from postroom_directory.credentials.tables import CredentialRow
from postroom_directory.visibility import inside
from postroom_shared.principal import Principal

COLUMNS = ("address_id", "organisation_id", "password_hash", "changed_at", "wrong_tests", "wrong_tests_since")


def _credential(row: CredentialRow) -> Credential:
    return Credential(**{name: getattr(row, name) for name in COLUMNS})


class Credentials:
    """The password of one address, which the caller was let see."""

    def __init__(self, session: AsyncSession, principal: Principal, address: MailAddress) -> None:
        self._session = session
        self._principal = principal
        self._address = address

    def _own(self) -> ColumnElement[bool]:
        mine = inside(self._principal, CredentialRow.organisation_id)
        return and_(CredentialRow.address_id == self._address.id, mine)

    async def find(self) -> Credential | None:
        """Return the credential, None when no password was ever set or tried."""
        row = await self._session.scalar(select(CredentialRow).where(self._own()))
        return _credential(row) if row else None

    async def hold_for_test(self) -> Credential:
        """Return the credential, made if need be, for one test at a time.

        Raises:
            TooManyWrongPasswordsError: Another password of the address is being tested.
        """
        await self._make()
        row = await self._session.scalar(select(CredentialRow).where(self._own()).with_for_update(skip_locked=True))
        if row is None:
            raise TooManyWrongPasswordsError(retry_after_s=1)
        return _credential(row)

    async def hold(self) -> Credential:
        """Return the credential, made if need be, locked until the transaction ends."""
        await self._make()
        return _credential(
            (await self._session.scalars(select(CredentialRow).where(self._own()).with_for_update())).one()
        )

    async def _make(self) -> None:
        new = insert(CredentialRow).values(
            address_id=self._address.id, organisation_id=self._address.organisation_id, wrong_tests=0
        )
        await self._session.execute(new.on_conflict_do_nothing())

    async def save(self, credential: Credential) -> None:
        """Store a credential that was locked."""
        values = {name: getattr(credential, name) for name in COLUMNS}
        await self._session.execute(update(CredentialRow).where(self._own()).values(values))

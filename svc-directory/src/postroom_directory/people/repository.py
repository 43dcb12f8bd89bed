"""Every SQL statement about people."""

from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, delete, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.keyset import after_text
from postroom_directory.memberships.tables import MembershipRow
from postroom_directory.people.domain import Person
from postroom_directory.people.tables import PasswordLinkRow, PersonRow
from postroom_shared.errors import NotFoundError, PreconditionFailedError
from postroom_shared.http.pages import PageQuery
from postroom_shared.principal import EVERYTHING, PersonPrincipal, Principal
from postroom_shared.values import Address


def person_of(row: PersonRow) -> Person:
    """Return the person in *row*."""
    return Person(
        id=row.id,
        email=Address(row.email),
        display_name=row.display_name,
        language=row.language,
        enabled=row.enabled,
        operator=row.operator,
        password_hash=row.password_hash,
        credential_version=row.credential_version,
        version=row.version,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )


def _values(person: Person) -> dict[str, object]:
    return {
        "display_name": person.display_name,
        "language": person.language,
        "enabled": person.enabled,
        "operator": person.operator,
        "password_hash": person.password_hash,
        "credential_version": person.credential_version,
        "version": person.version,
        "changed_at": person.changed_at,
    }


class People:
    """The people that *principal* may see: all for the operator, the organisation's for managers, and oneself."""

    def __init__(self, session: AsyncSession, principal: Principal) -> None:
        self._session = session
        self._principal = principal

    def _visible(self) -> ColumnElement[bool]:
        principal = self._principal
        if not isinstance(principal, PersonPrincipal):
            return true() if principal.organisation_scope == EVERYTHING else self._inside()
        if principal.operator:
            return true()
        myself = PersonRow.id == principal.person_id
        return or_(myself, self._inside()) if principal.manages else myself

    def _inside(self) -> ColumnElement[bool]:
        return (
            select(MembershipRow.id)
            .where(
                MembershipRow.person_id == PersonRow.id,
                MembershipRow.organisation_id == self._principal.organisation_scope,
                MembershipRow.accepted_at.is_not(None),
            )
            .exists()
        )

    async def add(self, person: Person) -> bool:
        """Store a new person; return False when the e-mail belongs to somebody."""
        new = insert(PersonRow).values(
            id=person.id, email=person.email, created_at=person.created_at, **_values(person)
        )
        result = await self._session.execute(new.on_conflict_do_nothing())
        return cast("CursorResult[Any]", result).rowcount == 1

    async def find(self, person_id: UUID, *, lock: bool = False) -> Person | None:
        """Return the person, None when it is none that the principal may see; *lock* it against other changes."""
        statement = select(PersonRow).where(PersonRow.id == person_id, self._visible())
        row = await self._session.scalar(statement.with_for_update() if lock else statement)
        return person_of(row) if row else None

    async def get(self, person_id: UUID, *, lock: bool = False) -> Person:
        """Return the person.

        Raises:
            NotFoundError: There is none that the principal may see.
        """
        found = await self.find(person_id, lock=lock)
        if found is None:
            raise NotFoundError("There is no person with this id.")
        return found

    async def named(self, email: Address) -> Person | None:
        """Return the person with this e-mail that the principal may see."""
        row = await self._session.scalar(select(PersonRow).where(PersonRow.email == email, self._visible()))
        return person_of(row) if row else None

    async def page(
        self, query: PageQuery, *, email: Address | None, enabled: bool | None, operator: bool | None
    ) -> list[Person]:
        """Return one more than a page of people, by e-mail."""
        statement = select(PersonRow).where(self._visible(), *after_text(query.cursor, PersonRow.email, PersonRow.id))
        if email is not None:
            statement = statement.where(PersonRow.email == email)
        if enabled is not None:
            statement = statement.where(PersonRow.enabled.is_(enabled))
        if operator is not None:
            statement = statement.where(PersonRow.operator.is_(operator))
        rows = await self._session.scalars(statement.order_by(PersonRow.email, PersonRow.id).limit(query.limit + 1))
        return [person_of(row) for row in rows]

    async def save(self, person: Person) -> None:
        """Store the next version of a person.

        Raises:
            PreconditionFailedError: Somebody else was faster.
        """
        changed = await self._session.scalar(
            update(PersonRow)
            .where(PersonRow.id == person.id, PersonRow.version == person.version - 1)
            .values(**_values(person))
            .returning(PersonRow.id)
        )
        if changed is None:
            raise PreconditionFailedError

    async def keep_rehashed(self, person: Person, password_hash: str) -> None:
        """Store the same password under present costs, unless it was changed meanwhile; nothing else changes."""
        await self._session.execute(
            update(PersonRow)
            .where(PersonRow.id == person.id, PersonRow.password_hash == person.password_hash)
            .values(password_hash=password_hash)
        )

    async def remove(self, person: Person) -> None:
        """Delete a person and what hangs on them."""
        await self._session.execute(delete(PersonRow).where(PersonRow.id == person.id))

    async def count_other_operators(self, person: Person) -> int:
        """Return how many operators can sign in beside this one; they stay so until the commit."""
        statement = (
            select(PersonRow.id)
            .where(PersonRow.operator, PersonRow.enabled, PersonRow.id != person.id)
            .order_by(PersonRow.id)
            .with_for_update()
        )
        return len((await self._session.scalars(statement)).all())

    async def has_operator(self) -> bool:
        """Return whether anybody runs this installation."""
        return bool(await self._session.scalar(select(func.count()).where(PersonRow.operator)))


class PasswordLinks:
    """One-time links; found by their token, which nobody but the holder knows."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def replace(self, person_id: UUID, token_hash: bytes, *, now: datetime, expires_at: datetime) -> None:
        """Make this the person's only link."""
        await self.remove_of(person_id)
        self._session.add(
            PasswordLinkRow(token_hash=token_hash, person_id=person_id, expires_at=expires_at, created_at=now)
        )
        await self._session.flush()

    async def holder(self, token_hash: bytes, *, now: datetime) -> UUID | None:
        """Return whose link it is, None when it is no longer good; nobody else uses it until the commit."""
        statement = (
            select(PasswordLinkRow.person_id)
            .where(PasswordLinkRow.token_hash == token_hash, PasswordLinkRow.expires_at > now)
            .with_for_update()
        )
        return await self._session.scalar(statement)

    async def remove_of(self, person_id: UUID) -> None:
        """Delete the person's links."""
        await self._session.execute(delete(PasswordLinkRow).where(PasswordLinkRow.person_id == person_id))

"""Every SQL statement about sign-ins. They happen before anybody is known, so nothing is filtered by organisation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.memberships.tables import MembershipRow
from postroom_directory.organisations.tables import OrganisationRow
from postroom_directory.sign_ins.domain import FORGOTTEN_AFTER, Subject, delay
from postroom_directory.sign_ins.tables import SignInPenaltyRow
from postroom_shared.principal import Role


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenOrganisation:
    """An organisation in which a person may act."""

    organisation_id: UUID
    name: str
    role: Role


class Penalties:
    """Failures that are remembered."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def refused_until(self, subjects: Sequence[Subject], *, now: datetime) -> list[datetime]:
        """Return until when attempts of these subjects are refused; others wait here until the commit.

        A subject without a row gets one first: what does not exist cannot be locked, and a burst would pass whole.
        """
        keys = sorted(subject.key for subject in subjects)
        for key in keys:
            row = insert(SignInPenaltyRow).values(subject=key, failures=0, refused_until=now, failed_at=now)
            await self._session.execute(row.on_conflict_do_nothing())
        statement = (
            select(SignInPenaltyRow.refused_until)
            .where(SignInPenaltyRow.subject.in_(keys))
            .order_by(SignInPenaltyRow.subject)
            .with_for_update()
        )
        return list(await self._session.scalars(statement))

    async def count_failure(self, subject: Subject, *, now: datetime) -> None:
        """Add a failure and refuse further attempts for as long as that costs."""
        new = insert(SignInPenaltyRow).values(subject=subject.key, failures=1, refused_until=now, failed_at=now)
        recent = SignInPenaltyRow.failed_at > now - FORGOTTEN_AFTER
        failures = await self._session.scalar(
            new.on_conflict_do_update(
                index_elements=[SignInPenaltyRow.subject],
                set_={"failures": case((recent, SignInPenaltyRow.failures + 1), else_=1), "failed_at": now},
            ).returning(SignInPenaltyRow.failures)
        )
        if wait := delay(subject, failures or 1):
            await self._session.execute(
                update(SignInPenaltyRow).where(SignInPenaltyRow.subject == subject.key).values(refused_until=now + wait)
            )

    async def take_back(self, subject: Subject) -> None:
        """Take back one failure that was none."""
        await self._session.execute(
            update(SignInPenaltyRow)
            .where(SignInPenaltyRow.subject == subject.key)
            .values(failures=func.greatest(SignInPenaltyRow.failures - 1, 0), refused_until=SignInPenaltyRow.failed_at)
        )

    async def forgive(self, subject: Subject) -> None:
        """Forget all failures of a subject."""
        await self._session.execute(delete(SignInPenaltyRow).where(SignInPenaltyRow.subject == subject.key))

    async def purge(self, *, now: datetime) -> None:
        """Delete what counts no more."""
        await self._session.execute(delete(SignInPenaltyRow).where(SignInPenaltyRow.failed_at < now - FORGOTTEN_AFTER))


async def open_organisations(session: AsyncSession, person_id: UUID) -> list[OpenOrganisation]:
    """Return the active organisations that the person has accepted to belong to, by name."""
    statement = (
        select(OrganisationRow.id, OrganisationRow.name, MembershipRow.role)
        .join(MembershipRow, MembershipRow.organisation_id == OrganisationRow.id)
        .where(
            MembershipRow.person_id == person_id,
            MembershipRow.accepted_at.is_not(None),
            OrganisationRow.state == "active",
        )
        .order_by(OrganisationRow.name, OrganisationRow.id)
    )
    return [
        OpenOrganisation(organisation_id=row_id, name=name, role=Role(role))
        for row_id, name, role in await session.execute(statement)
    ]

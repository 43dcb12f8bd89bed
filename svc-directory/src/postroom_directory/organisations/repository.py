"""Every SQL statement about organisations."""

from collections.abc import Collection
from dataclasses import asdict
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.keyset import after_text
from postroom_directory.mail_services.tables import MailServiceRow
from postroom_directory.memberships.tables import MembershipRow
from postroom_directory.organisations.domain import Organisation, OrganisationDetails, OrganisationState
from postroom_directory.organisations.tables import OrganisationRow
from postroom_shared.errors import NotFoundError, PreconditionFailedError
from postroom_shared.http.pages import PageQuery
from postroom_shared.principal import EVERYTHING, PersonPrincipal, Principal


def organisation_of(row: OrganisationRow) -> Organisation:
    """Return the organisation in *row*."""
    details = OrganisationDetails(
        name=row.name,
        address_lines=tuple(row.address_lines),
        language=row.language,
        time_zone=row.time_zone,
        contact_email=row.contact_email,
        registration_number=row.registration_number,
    )
    return Organisation(
        id=row.id,
        details=details,
        state=OrganisationState(row.state),
        version=row.version,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )


def _values(organisation: Organisation) -> dict[str, object]:
    details = asdict(organisation.details) | {"address_lines": list(organisation.details.address_lines)}
    return details | {
        "state": organisation.state,
        "version": organisation.version,
        "changed_at": organisation.changed_at,
    }


class Organisations:
    """The organisations that *principal* may see: the operator all, a person those they belong to."""

    def __init__(self, session: AsyncSession, principal: Principal) -> None:
        self._session = session
        self._principal = principal

    def _visible(self) -> ColumnElement[bool]:
        principal = self._principal
        if isinstance(principal, PersonPrincipal) and not principal.operator:
            mine = OrganisationRow.id.in_(
                select(MembershipRow.organisation_id).where(
                    MembershipRow.person_id == principal.person_id, MembershipRow.accepted_at.is_not(None)
                )
            )
            return and_(mine, OrganisationRow.state != OrganisationState.DELETED)
        scope = principal.organisation_scope
        everything = scope == EVERYTHING or isinstance(principal, PersonPrincipal)
        return true() if everything else OrganisationRow.id == scope

    async def add(self, organisation: Organisation) -> None:
        """Store a new organisation."""
        await self._session.execute(
            insert(OrganisationRow).values(
                id=organisation.id, created_at=organisation.created_at, **_values(organisation)
            )
        )

    async def find(self, organisation_id: UUID, *, lock: bool = False) -> Organisation | None:
        """Return the organisation, None when it is none the principal may see; *lock* it against other changes."""
        statement = select(OrganisationRow).where(OrganisationRow.id == organisation_id, self._visible())
        row = await self._session.scalar(statement.with_for_update() if lock else statement)
        return organisation_of(row) if row else None

    async def get(self, organisation_id: UUID, *, lock: bool = False) -> Organisation:
        """Return the organisation.

        Raises:
            NotFoundError: There is none that the principal may see.
        """
        found = await self.find(organisation_id, lock=lock)
        if found is None:
            raise NotFoundError("There is no organisation with this id.")
        return found

    async def page(
        self, query: PageQuery, *, states: Collection[OrganisationState], text: str | None
    ) -> list[Organisation]:
        """Return one more than a page of organisations by name, of these states, with *text* in name or number."""
        statement = select(OrganisationRow).where(self._visible())
        if states:
            statement = statement.where(OrganisationRow.state.in_(states))
        if text:
            number = func.coalesce(OrganisationRow.registration_number, "")
            statement = statement.where(
                or_(OrganisationRow.name.icontains(text, autoescape=True), number.icontains(text, autoescape=True))
            )
        statement = statement.where(*after_text(query.cursor, OrganisationRow.name, OrganisationRow.id))
        ordered = statement.order_by(OrganisationRow.name, OrganisationRow.id).limit(query.limit + 1)
        rows = await self._session.scalars(ordered)
        return [organisation_of(row) for row in rows]

    async def save(self, organisation: Organisation) -> None:
        """Store the next version of an organisation.

        Raises:
            PreconditionFailedError: Somebody else was faster.
        """
        changed = await self._session.scalar(
            update(OrganisationRow)
            .where(OrganisationRow.id == organisation.id, OrganisationRow.version == organisation.version - 1)
            .values(**_values(organisation))
            .returning(OrganisationRow.id)
        )
        if changed is None:
            raise PreconditionFailedError

    async def count_mail_services(self, organisation_id: UUID) -> int:
        """Return how many mail services the organisation has."""
        statement = select(func.count()).where(MailServiceRow.organisation_id == organisation_id)
        return await self._session.scalar(statement) or 0

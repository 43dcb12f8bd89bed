"""Every SQL statement of the feed. The states are those of `postroom_shared.projection.states`."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from postroom_directory.addresses.tables import AddressRow
from postroom_directory.aliases.tables import AliasRow
from postroom_directory.delegations.tables import DelegationRow
from postroom_directory.domains.tables import DomainRow
from postroom_directory.grants.tables import GrantRow
from postroom_directory.mail_servers.tables import MailServerRow
from postroom_directory.mail_services.tables import MailServiceRow
from postroom_directory.memberships.tables import MembershipRow
from postroom_directory.organisations.tables import OrganisationRow
from postroom_directory.people.tables import PersonRow
from postroom_shared.principal import EVERYTHING, Principal
from postroom_shared.projection.states import (
    STATE_OF,
    AnyState,
    DomainState,
    Kind,
    MailServiceState,
)


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a kind comes from: its rows, their id, and whose they are (None where nobody's)."""

    rows: Select[Any]
    id: InstrumentedAttribute[UUID]
    organisation_id: InstrumentedAttribute[UUID] | None


_SOURCES = {
    Kind.ORGANISATION: _Source(
        select(OrganisationRow).where(OrganisationRow.state != "deleted"), OrganisationRow.id, OrganisationRow.id
    ),
    Kind.PERSON: _Source(select(PersonRow), PersonRow.id, None),
    Kind.MEMBERSHIP: _Source(
        select(MembershipRow).where(MembershipRow.accepted_at.is_not(None)),
        MembershipRow.id,
        MembershipRow.organisation_id,
    ),
    Kind.MAIL_SERVER: _Source(select(MailServerRow), MailServerRow.id, None),
    Kind.MAIL_SERVICE: _Source(select(MailServiceRow), MailServiceRow.id, MailServiceRow.organisation_id),
    Kind.ADDRESS: _Source(select(AddressRow), AddressRow.id, AddressRow.organisation_id),
    Kind.ALIAS: _Source(select(AliasRow), AliasRow.id, AliasRow.organisation_id),
    Kind.GRANT: _Source(select(GrantRow), GrantRow.id, GrantRow.organisation_id),
    Kind.DELEGATION: _Source(select(DelegationRow), DelegationRow.id, DelegationRow.organisation_id),
}


class States:
    """The present states of everything that services have copies of."""

    def __init__(self, session: AsyncSession, principal: Principal) -> None:
        self._session = session
        self._principal = principal

    async def find(self, kind: Kind, thing_id: UUID) -> AnyState | None:
        """Return the state of a thing, None when it is gone."""
        source = _SOURCES[kind]
        found = await self._read(kind, source.rows.where(source.id == thing_id, self._inside(source)))
        return found[0] if found else None

    async def page(self, kind: Kind, *, conditions: Sequence[ColumnElement[bool]], limit: int) -> list[AnyState]:
        """Return the first *limit* things under *conditions*, by id."""
        source = _SOURCES[kind]
        rows = source.rows.where(self._inside(source), *conditions)
        return await self._read(kind, rows.order_by(source.id).limit(limit))

    def _inside(self, source: _Source) -> ColumnElement[bool]:
        scope = self._principal.organisation_scope
        return true() if scope == EVERYTHING or source.organisation_id is None else source.organisation_id == scope

    async def _read(self, kind: Kind, statement: Select[Any]) -> list[AnyState]:
        rows = list(await self._session.scalars(statement))
        if kind is Kind.MAIL_SERVICE:
            return await self._with_domains(rows)
        return [STATE_OF[kind].model_validate(row, from_attributes=True) for row in rows]

    async def _with_domains(self, rows: Sequence[MailServiceRow]) -> list[AnyState]:
        target = aliased(DomainRow)
        statement = (
            select(DomainRow, target.name)
            .outerjoin(target, target.id == DomainRow.alias_of_id)
            .where(DomainRow.mail_service_id.in_([row.id for row in rows]))
            .order_by(DomainRow.name)
        )
        domains: dict[UUID, list[DomainState]] = defaultdict(list)
        for row, alias_of in await self._session.execute(statement):
            domains[row.mail_service_id].append(
                DomainState(name=row.name, alias_of=alias_of, is_primary=row.is_primary)
            )
        return [
            MailServiceState(
                id=row.id,
                version=row.version,
                organisation_id=row.organisation_id,
                mail_server_id=row.mail_server_id,
                name=row.name,
                language=row.language,
                time_zone=row.time_zone,
                plan=row.plan,
                log_retention_days=row.log_retention_days,
                logs_since=row.logs_since,
                domains=tuple(domains[row.id]),
            )
            for row in rows
        ]


def id_column(kind: Kind) -> InstrumentedAttribute[UUID]:
    """Return the column by which a snapshot of *kind* is paged."""
    return _SOURCES[kind].id

"""Every SQL statement of the local copy: questions first, then upkeep.

A question takes the principal and looks at its organisation only. The few that look at all organisations say so: they
answer about things that are public by nature (whose domain is this?) or about the caller's own memberships.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func, literal, select, text, true, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from postroom_shared.database.scope import seeing_everything
from postroom_shared.principal import EVERYTHING, AddressRight, PersonPrincipal, Principal, Role, ServicePrincipal
from postroom_shared.projection.states import (
    STATE_OF,
    AddressState,
    AnyState,
    Kind,
    MailServerState,
    MailServiceState,
    MembershipState,
    OrganisationState,
    PersonState,
    State,
)
from postroom_shared.projection.tables import (
    COPY_OF,
    AddressCopy,
    GrantCopy,
    LoadedRow,
    MailServerCopy,
    MailServiceCopy,
    MembershipCopy,
    OrganisationCopy,
    PersonCopy,
    StaleRow,
)
from postroom_shared.values import Address, Domain

S = TypeVar("S", bound=State)


@dataclass(frozen=True, kw_only=True, slots=True)
class AttachedAddress:
    """An address that a person holds a grant on, and what they may do with it, by grant or by role."""

    address: AddressState
    rights: frozenset[AddressRight]


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnMembership:
    """One organisation in which a person may act."""

    organisation: OrganisationState
    role: Role


def _state(row: Any, model: type[S]) -> S:
    return model.model_validate({name: getattr(row, name) for name in model.model_fields})


def _inside(principal: Principal, column: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    scope = principal.organisation_scope
    return true() if scope == EVERYTHING else column == scope


def _acting_person(principal: Principal) -> PersonPrincipal | None:
    if isinstance(principal, ServicePrincipal):
        return principal.on_behalf
    return principal if isinstance(principal, PersonPrincipal) else None


def _active_memberships() -> Select[MembershipCopy, OrganisationCopy]:
    return (
        select(MembershipCopy, OrganisationCopy)
        .join(OrganisationCopy, OrganisationCopy.id == MembershipCopy.organisation_id)
        .join(PersonCopy, PersonCopy.id == MembershipCopy.person_id)
        .where(OrganisationCopy.state == "active", PersonCopy.enabled)
    )


async def find_membership(
    session: AsyncSession, principal: Principal, *, person_id: UUID, organisation_id: UUID
) -> MembershipState | None:
    """Return what the person is in the organisation; None unless both are there, enabled and active."""
    statement = _active_memberships().where(
        MembershipCopy.person_id == person_id,
        MembershipCopy.organisation_id == organisation_id,
        _inside(principal, MembershipCopy.organisation_id),
    )
    found = (await session.execute(statement)).first()
    return _state(found[0], MembershipState) if found else None


async def memberships_of(session: AsyncSession, person_id: UUID) -> list[OwnMembership]:
    """Return the active organisations in which the person may act, by name; looks at all organisations."""
    statement = _active_memberships().where(MembershipCopy.person_id == person_id).order_by(OrganisationCopy.name)
    async with seeing_everything(session):
        rows = (await session.execute(statement)).all()
    return [OwnMembership(organisation=_state(o, OrganisationState), role=Role(m.role)) for m, o in rows]


async def find_organisation(
    session: AsyncSession, principal: Principal, organisation_id: UUID
) -> OrganisationState | None:
    """Return an organisation within the principal's scope, in whatever state it is."""
    statement = select(OrganisationCopy).where(
        OrganisationCopy.id == organisation_id, _inside(principal, OrganisationCopy.id)
    )
    row = await session.scalar(statement)
    return _state(row, OrganisationState) if row else None


async def find_person(session: AsyncSession, principal: Principal, person_id: UUID) -> PersonState | None:
    """Return a person who belongs to the principal's organisation, or any person when it sees everything."""
    statement = select(PersonCopy).where(PersonCopy.id == person_id)
    if principal.organisation_scope != EVERYTHING:
        statement = statement.where(
            select(MembershipCopy.id)
            .where(MembershipCopy.person_id == person_id, _inside(principal, MembershipCopy.organisation_id))
            .exists()
        )
    row = await session.scalar(statement)
    return _state(row, PersonState) if row else None


async def attached_addresses(session: AsyncSession, principal: PersonPrincipal) -> list[AttachedAddress]:
    """Return the addresses attached to the person in the acting organisation, by address.

    Source: docs/promises.md#import-target-list
    """
    statement = (
        select(AddressCopy, GrantCopy.rights)
        .join(GrantCopy, GrantCopy.address_id == AddressCopy.id)
        .where(GrantCopy.person_id == principal.person_id, _inside(principal, AddressCopy.organisation_id))
        .order_by(AddressCopy.address)
    )
    return [
        AttachedAddress(address=_state(row, AddressState), rights=rights_by(principal, granted))
        for row, granted in await session.execute(statement)
    ]


def rights_by(principal: PersonPrincipal, granted: Sequence[str]) -> frozenset[AddressRight]:
    """Return what the person may do: everything for those who manage by role, else what was granted."""
    return frozenset(AddressRight) if principal.manages else frozenset(map(AddressRight, granted))


async def find_address(session: AsyncSession, principal: Principal, address_id: UUID) -> AddressState | None:
    """Return an address of the principal's organisation."""
    statement = select(AddressCopy).where(AddressCopy.id == address_id, _inside(principal, AddressCopy.organisation_id))
    row = await session.scalar(statement)
    return _state(row, AddressState) if row else None


async def address_named(session: AsyncSession, address: Address) -> AddressState | None:
    """Return the address of that name, whoever owns it; looks at all organisations.

    Source: docs/promises.md#import-local-source
    """
    async with seeing_everything(session):
        row = await session.scalar(select(AddressCopy).where(AddressCopy.address == address))
    return _state(row, AddressState) if row else None


async def has_right(session: AsyncSession, principal: Principal, address_id: UUID, right: AddressRight) -> bool:
    """Return whether the principal may do this with the address: by role, by grant, or as a service by itself.

    Source: docs/promises.md#roles
    """
    person = _acting_person(principal)
    if person is None or person.manages:
        return await find_address(session, principal, address_id) is not None
    statement = select(GrantCopy.id).where(
        GrantCopy.address_id == address_id,
        GrantCopy.person_id == person.person_id,
        GrantCopy.rights.contains(literal([right.value], JSONB)),
        _inside(principal, GrantCopy.organisation_id),
    )
    return await session.scalar(statement) is not None


async def mail_server_of(session: AsyncSession, principal: Principal, mail_service_id: UUID) -> MailServerState | None:
    """Return the mail server behind a mail service of the principal's organisation."""
    statement = (
        select(MailServerCopy)
        .join(MailServiceCopy, MailServiceCopy.mail_server_id == MailServerCopy.id)
        .where(MailServiceCopy.id == mail_service_id, _inside(principal, MailServiceCopy.organisation_id))
    )
    row = await session.scalar(statement)
    return _state(row, MailServerState) if row else None


async def mail_service_of_domain(session: AsyncSession, domain: Domain) -> MailServiceState | None:
    """Return the mail service that answers for the domain or alias domain; looks at all organisations."""
    statement = select(MailServiceCopy).where(MailServiceCopy.domains.contains(literal([{"name": domain}], JSONB)))
    async with seeing_everything(session):
        row = await session.scalar(statement)
    return _state(row, MailServiceState) if row else None


@dataclass(frozen=True, slots=True)
class Stale:
    """A thing of which an event told `version`, as far as known when it was read."""

    kind: Kind
    id: UUID
    version: int


async def note_stale(session: AsyncSession, kind: Kind, thing_id: UUID, *, version: int) -> None:
    """Remember that the copy of a thing is old, and wake the refresher at the commit."""
    new = insert(StaleRow).values(kind=kind, id=thing_id, version=version, noted_at=datetime.now(UTC))
    newest = func.greatest(StaleRow.version, new.excluded.version)
    await session.execute(
        new.on_conflict_do_update(
            index_elements=[StaleRow.kind, StaleRow.id], set_={"version": newest, "noted_at": new.excluded.noted_at}
        )
    )
    await _wake(session)


async def postpone(session: AsyncSession, stale: Stale, *, until: datetime) -> None:
    """Leave a thing alone until later."""
    await session.execute(
        update(StaleRow).where(StaleRow.kind == stale.kind, StaleRow.id == stale.id).values(noted_at=until)
    )


async def stale_things(session: AsyncSession, *, now: datetime, limit: int) -> list[Stale]:
    """Return what waits to be fetched, oldest first."""
    statement = select(StaleRow).where(StaleRow.noted_at <= now).order_by(StaleRow.noted_at).limit(limit)
    return [Stale(Kind(row.kind), row.id, row.version) for row in await session.scalars(statement)]


async def settle(session: AsyncSession, stale: Stale) -> None:
    """Forget that a thing was stale, unless a later event told of a newer version."""
    await session.execute(
        delete(StaleRow).where(StaleRow.kind == stale.kind, StaleRow.id == stale.id, StaleRow.version <= stale.version)
    )


async def store(session: AsyncSession, kind: Kind, states: Sequence[AnyState]) -> None:
    """Put states into the copy; one that is older than what is there is dropped."""
    if not states:
        return
    table = COPY_OF[kind]
    new = insert(table).values([state.model_dump() for state in states])
    changed = {name: new.excluded[name] for name in STATE_OF[kind].model_fields if name != "id"}
    await session.execute(
        new.on_conflict_do_update(index_elements=[table.id], set_=changed, where=table.version <= new.excluded.version)
    )


def _ids(state: AnyState) -> dict[str, UUID]:
    return {name: value for name, value in state if isinstance(value, UUID | datetime)}


async def drop(session: AsyncSession, kind: Kind, thing_id: UUID) -> None:
    """Take a thing that no longer exists out of the copy."""
    await session.execute(delete(COPY_OF[kind]).where(COPY_OF[kind].id == thing_id))


async def ids_of(session: AsyncSession, kind: Kind) -> set[UUID]:
    """Return the ids of everything of that kind in the copy."""
    return set(await session.scalars(select(COPY_OF[kind].id)))


async def kinds_to_load(session: AsyncSession) -> list[Kind]:
    """Return the kinds whose snapshot has not been loaded, in the order to load them."""
    loaded = set(await session.scalars(select(LoadedRow.kind)))
    return [kind for kind in Kind if kind not in loaded]


async def mark_loaded(session: AsyncSession, kind: Kind) -> None:
    """Record that the snapshot of a kind is complete."""
    now = datetime.now(UTC)
    await session.execute(insert(LoadedRow).values(kind=kind, loaded_at=now).on_conflict_do_nothing())


async def request_rebuild(session: AsyncSession) -> None:
    """Have the whole copy compared with a fresh snapshot; it can be read meanwhile."""
    await session.execute(delete(LoadedRow))
    await _wake(session)


async def _wake(session: AsyncSession) -> None:
    await session.execute(text("select pg_notify('postroom_projection_' || current_schema(), '')"))


async def try_to_lead(connection: AsyncConnection) -> bool:
    """Return whether this connection may refresh the copy of its schema; it may until it closes."""
    lock = "select pg_try_advisory_lock(hashtext('postroom.projection'), hashtext(current_schema()))"
    async with connection.begin():
        return bool(await connection.scalar(text(lock)))


async def wake_channel(connection: AsyncConnection) -> str:
    """Return the name of the notifications that wake the refresher of this schema."""
    async with connection.begin():
        return str(await connection.scalar(text("select 'postroom_projection_' || current_schema()")))

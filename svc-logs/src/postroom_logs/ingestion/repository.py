"""Every SQL statement about sources, partitions and the writing of deliveries."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, Final

from sqlalchemy import DateTime, Text, Uuid, any_, bindparam, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_logs.collecting.positions import Position
from postroom_logs.ingestion.rows import COLUMNS
from postroom_logs.ingestion.tables import LogSourceRow, UnknownLineRow
from postroom_logs.ingestion.views import Owner
from postroom_logs.lines.unknowns import SAMPLES, Unknown
from postroom_shared.principal import Principal
from postroom_shared.projection.tables import AddressCopy, AliasCopy

_AT: Final = COLUMNS.index("at")
_ID: Final = COLUMNS.index("id")


class SourceTakenError(RuntimeError):
    """Another process reads the same source: what this one has is not to be kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """How far a source was read.

    Attributes:
        version: Grows with every batch; a batch is kept only on top of the version it began with.
        state: `postroom_logs.correlation.states.dump_state` at that place.
    """

    name: str
    version: int
    position: Position | None
    state: bytes | None


async def open_source(session: AsyncSession, name: str) -> Source:
    """Return a source as it was left, new when nobody read it yet."""
    statement = insert(LogSourceRow).values(name=name, version=0, lines=0, read_at=datetime.now(UTC))
    await session.execute(statement.on_conflict_do_nothing())
    row = (await session.scalars(select(LogSourceRow).where(LogSourceRow.name == name))).one()
    position = Position(**row.position) if row.position else None
    return Source(name=name, version=row.version, position=position, state=row.state)


async def advance(session: AsyncSession, source: Source, *, position: Position, state: bytes, lines: int) -> Source:
    """Move a source on, if it still is where *source* says.

    Raises:
        SourceTakenError: Another process moved it.
    """
    statement = (
        update(LogSourceRow)
        .where(LogSourceRow.name == source.name, LogSourceRow.version == source.version)
        .values(
            version=source.version + 1,
            position=position._asdict(),
            state=state,
            lines=LogSourceRow.lines + lines,
            read_at=func.now(),
        )
        .returning(LogSourceRow.version)
    )
    version = await session.scalar(statement)
    if version is None:
        raise SourceTakenError(source.name)
    return Source(name=source.name, version=version, position=position, state=state)


async def owners_of(session: AsyncSession, principal: Principal, names: Collection[str]) -> dict[str, Owner]:
    """Return whose address each name is, as far as it is ours: itself, by alias, or with a suffix after `+`.

    Looks at all organisations, as *principal* must: who reads a log does not know yet whose it is.
    """
    if principal.organisation_scope != "*":
        raise PermissionError("only the service itself asks for all organisations")
    wanted = any_(literal(list({*names, *map(_without_suffix, names)}), ARRAY(Text)))
    direct = select(AddressCopy.address, AddressCopy.address, AddressCopy.organisation_id).where(
        AddressCopy.address == wanted
    )
    by_alias = (
        select(AliasCopy.alias, AddressCopy.address, AddressCopy.organisation_id)
        .join(AddressCopy, AddressCopy.id == AliasCopy.address_id)
        .where(AliasCopy.alias == wanted)
    )
    owners: dict[str, Owner] = {}
    for statement in (by_alias, direct):
        for name, address, organisation_id in await session.execute(statement):
            owners[name] = Owner(address, organisation_id)
    found = {name: owners.get(name) or owners.get(_without_suffix(name)) for name in names}
    return {name: owner for name, owner in found.items() if owner is not None}


def _without_suffix(name: str) -> str:
    local, at, domain = name.rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"


async def write_rows(session: AsyncSession, rows: Sequence[tuple[Any, ...]], *, again: Collection[Any]) -> None:
    """Write rows of `COLUMNS`, replacing those whose id is in *again*.

    COPY goes into the partitions themselves, which carry no policy: PostgreSQL has no COPY into a table with one.
    """
    connection = await (await session.connection()).get_raw_connection()
    driver: Any = connection.driver_connection
    for day, of_day in groupby(sorted(rows, key=lambda row: row[_AT]), key=lambda row: row[_AT].date()):
        records = list(of_day)
        name = partition_name(day)
        replaced = [(row[_AT], row[_ID]) for row in records if row[_ID] in again]
        if replaced:
            await session.execute(
                text(
                    f"delete from {name} where (at, id) in "  # noqa: S608 - a name made of a date
                    "(select * from unnest(cast(:moments as timestamptz[]), cast(:ids as uuid[])))"
                ).bindparams(
                    bindparam("moments", type_=ARRAY(DateTime(timezone=True))), bindparam("ids", type_=ARRAY(Uuid()))
                ),
                {"moments": [at for at, _ in replaced], "ids": [id_ for _, id_ in replaced]},
            )
        await driver.copy_records_to_table(name, records=records, columns=COLUMNS)


async def add_unknowns(session: AsyncSession, unknowns: Sequence[Unknown]) -> None:
    """Add to the counts of lines that were not understood; the newest samples stay."""
    for unknown in unknowns:
        statement = insert(UnknownLineRow).values(
            host=unknown.host.replace("\0", ""),
            program=unknown.program.replace("\0", ""),
            lines=unknown.lines,
            samples=[sample.replace("\0", "") for sample in unknown.samples[:SAMPLES]],
            seen_at=func.now(),
        )
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=["host", "program"],
                set_={
                    "lines": UnknownLineRow.lines + statement.excluded.lines,
                    "samples": statement.excluded.samples,
                    "seen_at": statement.excluded.seen_at,
                },
            )
        )


def partition_name(day: date) -> str:
    """Return the name of the partition of a day (UTC)."""
    return f"delivery_{day:%Y%m%d}"


async def make_partition(session: AsyncSession, day: date) -> None:
    """Make the partition of a day, unless it is there; collectors and services that want it at once wait in line."""
    await session.execute(text("select pg_advisory_xact_lock(hashtext('postroom.logs.partition'))"))
    following = day + timedelta(days=1)
    await session.execute(
        text(
            f"create table if not exists {partition_name(day)} partition of delivery "
            f"for values from ('{day} 00:00:00+00') to ('{following} 00:00:00+00')"
        )
    )


async def partitions(session: AsyncSession) -> list[date]:
    """Return the days that have a partition, oldest first."""
    names = await session.scalars(
        text("select inhrelid::regclass::text from pg_inherits where inhparent = 'delivery'::regclass")
    )
    return sorted(datetime.strptime(name.rpartition("_")[2], "%Y%m%d").replace(tzinfo=UTC).date() for name in names)

"""Every statement on `data_key` and `blob`.

The organisation is an argument of each call, save those that work through all of them (for `rewrap` and `sweep`); their
callers first `require_sight_of_everything`, since a bound transaction would take the others' rows for missing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_shared.principal import EVERYTHING
from postroom_shared.security.tables import BlobRow, DataKeyRow

_SCOPE = text("select current_setting('postroom.organisation', true)")
_KEYS = select(DataKeyRow.organisation_id, DataKeyRow.wrapped, DataKeyRow.kek_id)


async def require_sight_of_everything(session: AsyncSession) -> None:
    """Raise unless the transaction sees the rows of all organisations.

    Raises:
        RuntimeError: It is bound to one organisation, or to none.
    """
    if await session.scalar(_SCOPE) != EVERYTHING:
        raise RuntimeError("bind the transaction to a SystemPrincipal without organisation first")


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """The key of one organisation as it is stored."""

    organisation_id: UUID
    wrapped: bytes
    kek_id: str


class DataKeys:
    """The wrapped keys of organisations."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, organisation_id: UUID) -> WrappedKey | None:
        """Return the key of the organisation."""
        return await self._one(_KEYS.where(DataKeyRow.organisation_id == organisation_id))

    async def hold(self, organisation_id: UUID) -> WrappedKey | None:
        """Return the key of the organisation and keep it from being destroyed before this transaction ends."""
        statement = _KEYS.where(DataKeyRow.organisation_id == organisation_id)
        return await self._one(statement.with_for_update(key_share=True, read=True))

    async def add_unless_there(self, key: WrappedKey) -> None:
        """Store the first key of an organisation; of two at the same time, one is stored."""
        values = {"organisation_id": key.organisation_id, "wrapped": key.wrapped, "kek_id": key.kek_id}
        await self._session.execute(insert(DataKeyRow).values(values).on_conflict_do_nothing())

    async def wrapped_by_others(self, kek_id: str, *, limit: int) -> Sequence[WrappedKey]:
        """Lock and return keys that another master key than *kek_id* wraps; those locked elsewhere are left out."""
        statement = _KEYS.where(DataKeyRow.kek_id != kek_id).order_by(DataKeyRow.organisation_id).limit(limit)
        rows = await self._session.execute(statement.with_for_update(skip_locked=True, key_share=True))
        return [WrappedKey(row.organisation_id, row.wrapped, row.kek_id) for row in rows]

    async def replace(self, key: WrappedKey) -> None:
        """Store another wrapping of the same key."""
        statement = update(DataKeyRow).where(DataKeyRow.organisation_id == key.organisation_id)
        await self._session.execute(statement.values(wrapped=key.wrapped, kek_id=key.kek_id))

    async def kek_ids(self) -> frozenset[str]:
        """Return the ids of all master keys that wrap something."""
        return frozenset(await self._session.scalars(select(DataKeyRow.kek_id).distinct()))

    async def destroy(self, organisation_id: UUID) -> bool:
        """Delete the key of the organisation; return whether there was one."""
        statement = delete(DataKeyRow).where(DataKeyRow.organisation_id == organisation_id)
        return bool(list(await self._session.scalars(statement.returning(DataKeyRow.organisation_id))))

    async def _one(self, statement: Select[UUID, bytes, str]) -> WrappedKey | None:
        row = (await self._session.execute(statement)).one_or_none()
        return WrappedKey(row.organisation_id, row.wrapped, row.kek_id) if row else None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobRecord:
    """A sealed file as the database knows it.

    Attributes:
        id: Names the file.
        organisation_id: Whose it is.
        purpose: A word of the service: `"export"`, `"upload"`.
        size_bytes: Of the content.
        sha256: Of the sealed file: a backup can be verified without any key, and a dump tells nothing of the content.
        wrapped_key: The key of the content, sealed by the vault.
        expires_at: From then on it is refused and the next sweep deletes it; None keeps it until it is deleted.
    """

    id: UUID
    organisation_id: UUID
    purpose: str
    size_bytes: int
    sha256: bytes
    wrapped_key: bytes = field(repr=False)
    expires_at: datetime | None


class BlobRecords:
    """The rows of sealed files."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, record: BlobRecord) -> None:
        """Store the row of a file."""
        values = {each.name: getattr(record, each.name) for each in fields(record)}
        await self._session.execute(insert(BlobRow).values(values))

    async def find(self, organisation_id: UUID, blob_id: UUID) -> BlobRecord | None:
        """Return the file of that organisation, unless it expired."""
        statement = select(BlobRow).where(
            BlobRow.organisation_id == organisation_id,
            BlobRow.id == blob_id,
            or_(BlobRow.expires_at.is_(None), BlobRow.expires_at > func.now()),
        )
        row = await self._session.scalar(statement.execution_options(populate_existing=True))
        return BlobRecord(**{each.name: getattr(row, each.name) for each in fields(BlobRecord)}) if row else None

    async def delete(self, organisation_id: UUID, blob_id: UUID) -> bool:
        """Delete the row of a file; return whether there was one."""
        return await self._deleted(BlobRow.organisation_id == organisation_id, BlobRow.id == blob_id) != []

    async def delete_all(self, organisation_id: UUID) -> int:
        """Delete the rows of all files of an organisation; return how many there were."""
        return len(await self._deleted(BlobRow.organisation_id == organisation_id))

    async def delete_expired(self, *, limit: int) -> Sequence[UUID]:
        """Delete up to *limit* rows of expired files; return their ids."""
        expired = select(BlobRow.id).where(BlobRow.expires_at <= func.now()).order_by(BlobRow.expires_at).limit(limit)
        return await self._deleted(BlobRow.id.in_(expired.with_for_update(skip_locked=True).scalar_subquery()))

    async def known(self, blob_ids: Collection[UUID]) -> frozenset[UUID]:
        """Return those of *blob_ids* that have a row."""
        return frozenset(await self._session.scalars(select(BlobRow.id).where(BlobRow.id.in_(blob_ids))))

    async def _deleted(self, *conditions: ColumnElement[bool]) -> Sequence[UUID]:
        return list(await self._session.scalars(delete(BlobRow).where(*conditions).returning(BlobRow.id)))

"""Every statement on copies as people see them."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, and_, case, cast, exists, func, or_, select, text, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, selectinload

from postroom_import.copies.domain import (
    CopyJob,
    Failure,
    FolderProgress,
    JobState,
    Progress,
    Source,
    SourceKind,
    Target,
    Wish,
)
from postroom_import.copies.errors import CopyNotFoundError
from postroom_import.copies.tables import ImportJobRow, ImportSourceRow
from postroom_import.copying.domain import FolderState, Outcome, Reason
from postroom_import.copying.planning import Choice
from postroom_import.copying.tables import ImportFolderRow, ImportItemRow
from postroom_import.imap_places import ImapPlace, Tls
from postroom_shared.principal import EVERYTHING, PersonPrincipal, Principal
from postroom_shared.projection.states import Endpoint
from postroom_shared.projection.tables import AliasCopy, MailServerCopy
from postroom_shared.values import Address

MOST_FAILURES = 100
_COUNTS = (
    "folders_total",
    "folders_done",
    "messages_total",
    "messages_done",
    "bytes_total",
    "bytes_done",
    "copied",
    "copied_bytes",
    "already_there",
    "failed",
)
_ACTIVE = (JobState.QUEUED, JobState.RUNNING, JobState.PAUSED)


class CopyJobs:
    """The copies that *principal* may see: a person's own, for who manages the organisation's, for workers all."""

    def __init__(self, session: AsyncSession, principal: Principal) -> None:
        self._session = session
        self._principal = principal

    def _inside(self, column: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
        scope = self._principal.organisation_scope
        return true() if scope == EVERYTHING else column == scope

    def _visible(self) -> ColumnElement[bool]:
        own: ColumnElement[bool] = true()
        if isinstance(self._principal, PersonPrincipal) and not self._principal.manages:
            own = ImportJobRow.requested_by == self._principal.person_id
        return and_(self._inside(ImportJobRow.organisation_id), own)

    async def add(self, job: CopyJob) -> None:
        """Store a new copy with its sources."""
        self._session.add(
            ImportJobRow(
                id=job.id,
                organisation_id=job.organisation_id,
                requested_by=job.requested_by,
                language=job.language,
                target_address_id=job.target.address_id,
                target_address=job.target.address,
                target_mail_server_id=job.target.mail_server_id,
                target_key=job.target.account_key,
                choice=_choice_values(job.choice),
                state=job.state,
                created_at=job.created_at,
            )
        )
        await self._session.flush()
        self._session.add_all(_source_row(job, source, place) for place, source in enumerate(job.sources))
        await self._session.flush()

    async def find(self, job_id: UUID) -> CopyJob | None:
        """Return a copy with its progress."""
        row = await self._session.scalar(_with_sources().where(ImportJobRow.id == job_id, self._visible()))
        return (await self._with_progress([_job(row)]))[0] if row else None

    async def get(self, job_id: UUID) -> CopyJob:
        """Return a copy with its progress.

        Raises:
            CopyNotFoundError: There is none that the principal may see.
        """
        job = await self.find(job_id)
        if job is None:
            raise CopyNotFoundError
        return job

    async def lock(self, job_id: UUID) -> tuple[CopyJob, datetime | None]:
        """Return a copy and until when a worker holds it; nobody changes it before this transaction ends.

        Raises:
            CopyNotFoundError: There is none that the principal may see.
        """
        statement = _with_sources().where(ImportJobRow.id == job_id, self._visible())
        row = await self._session.scalar(statement.with_for_update().execution_options(populate_existing=True))
        if row is None:
            raise CopyNotFoundError
        return (await self._with_progress([_job(row)]))[0], row.lease_until

    async def page(
        self, *, states: Collection[JobState], after: tuple[datetime, UUID] | None, limit: int
    ) -> list[CopyJob]:
        """Return copies, newest first: of these states (all when empty), after the one with this key."""
        statement = _with_sources().where(self._visible())
        if states:
            statement = statement.where(ImportJobRow.state.in_(states))
        if after is not None:
            statement = statement.where(
                or_(
                    ImportJobRow.created_at < after[0],
                    and_(ImportJobRow.created_at == after[0], ImportJobRow.id < after[1]),
                )
            )
        statement = statement.order_by(ImportJobRow.created_at.desc(), ImportJobRow.id.desc()).limit(limit)
        return await self._with_progress([_job(row) for row in await self._session.scalars(statement)])

    async def change(self, job_id: UUID, **values: Any) -> None:
        """Change columns of a copy."""
        await self._session.execute(
            update(ImportJobRow).where(ImportJobRow.id == job_id, self._visible()).values(values)
        )

    async def set_password(self, source_id: UUID, sealed: bytes) -> None:
        """Keep the sealed password of a source."""
        mine = self._inside(ImportSourceRow.organisation_id)
        await self._session.execute(
            update(ImportSourceRow).where(ImportSourceRow.id == source_id, mine).values(sealed_password=sealed)
        )

    async def erase_passwords(self, job_id: UUID) -> None:
        """Erase the passwords of a copy's sources (docs/promises.md#import-password)."""
        mine = self._inside(ImportSourceRow.organisation_id)
        await self._session.execute(
            update(ImportSourceRow).where(ImportSourceRow.job_id == job_id, mine).values(sealed_password=None)
        )

    async def is_under_way(self, sources: Collection[str], target: str) -> bool:
        """Tell whether a copy from one of these accounts to this one is not over; one who asks meanwhile waits."""
        lock = text("select pg_advisory_xact_lock(hashtext('postroom.import.request'), hashtext(:key))")
        await self._session.execute(lock, {"key": target})
        statement = select(
            exists().where(
                ImportSourceRow.job_id == ImportJobRow.id,
                ImportJobRow.target_key == target,
                ImportJobRow.state.in_(_ACTIVE),
                ImportSourceRow.account_key.in_(sources),
                self._inside(ImportJobRow.organisation_id),
            )
        )
        return bool(await self._session.scalar(statement))

    async def folders(self, job_id: UUID) -> list[FolderProgress]:
        """Return how far each folder of a copy is, in the order in which they are copied."""
        mine = self._inside(ImportFolderRow.organisation_id)
        rows = await self._session.scalars(
            select(ImportFolderRow)
            .where(ImportFolderRow.job_id == job_id, mine)
            .order_by(ImportFolderRow.position)
            .execution_options(populate_existing=True)
        )
        return [_folder(row) for row in rows]

    async def failures(self, job_id: UUID, *, limit: int = MOST_FAILURES) -> list[Failure]:
        """Return the first messages of a copy that failed."""
        statement = (
            select(ImportItemRow, ImportFolderRow.source_name)
            .join(ImportFolderRow, ImportFolderRow.id == ImportItemRow.folder_id)
            .where(
                ImportItemRow.job_id == job_id,
                ImportItemRow.outcome == Outcome.FAILED,
                self._inside(ImportItemRow.organisation_id),
            )
            .order_by(ImportFolderRow.position, ImportItemRow.source_uid)
            .limit(limit)
        )
        return [_failure(item, name) for item, name in await self._session.execute(statement)]

    async def _with_progress(self, jobs: Sequence[CopyJob]) -> list[CopyJob]:
        progress = await self._progress([job.id for job in jobs])
        return [replace(job, progress=progress[job.id]) for job in jobs]

    async def _progress(self, job_ids: Collection[UUID]) -> dict[UUID, Progress]:
        folder = ImportFolderRow
        over = folder.state.in_((FolderState.DONE, FolderState.REFUSED))
        sums = (
            folder.messages_total,
            folder.messages_done,
            folder.bytes_total,
            folder.bytes_done,
            folder.copied,
            folder.copied_bytes,
            folder.already_there,
            folder.failed,
        )
        statement = (
            select(
                folder.job_id,
                func.count(),
                func.sum(cast(over, Integer)),
                *(func.sum(column) for column in sums),
                func.max(case((folder.state == FolderState.COPYING, folder.source_name))),
            )
            .where(folder.job_id.in_(job_ids), self._inside(folder.organisation_id))
            .group_by(folder.job_id)
        )
        found: dict[UUID, Progress] = defaultdict(Progress)
        for job_id, *counts, current in await self._session.execute(statement):
            found[job_id] = Progress(**dict(zip(_COUNTS, map(int, counts), strict=True)), current_folder=current)
        return found


class LocalMailboxes:
    """What the local copy of the directory tells about mailboxes of this installation, whoever owns them."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def owner_of_alias(self, alias: Address) -> UUID | None:
        """Return the id of the address that *alias* leads to; the transaction must see all organisations."""
        return await self._session.scalar(select(AliasCopy.address_id).where(AliasCopy.alias == alias))

    async def imap_places(self) -> dict[UUID, ImapPlace]:
        """Return where each mail server speaks IMAP, by its id."""
        rows = await self._session.scalars(select(MailServerCopy))
        return {row.id: own_place(Endpoint.model_validate(row.imap), row.tls_ca_pem) for row in rows}


def own_place(endpoint: Endpoint, ca_pem: str | None) -> ImapPlace:
    """Return where a mail server of the directory speaks IMAP."""
    return ImapPlace(endpoint.host.lower(), endpoint.port, Tls(endpoint.tls), is_own=True, ca_pem=ca_pem)


def _with_sources() -> Any:
    return select(ImportJobRow).options(selectinload(ImportJobRow.sources))


def _choice_values(choice: Choice) -> dict[str, Any]:
    return {
        "match_special": choice.match_special,
        "include": list(choice.include),
        "exclude": list(choice.exclude),
        "subscribe": choice.subscribe,
    }


def _source_row(job: CopyJob, source: Source, position: int) -> ImportSourceRow:
    return ImportSourceRow(
        id=source.id,
        organisation_id=job.organisation_id,
        job_id=job.id,
        position=position,
        kind=source.kind,
        host=source.place.host,
        port=source.place.port,
        tls=source.place.tls,
        is_own=source.place.is_own,
        login=source.login,
        address=source.address,
        account_key=source.account_key,
        sealed_password=source.sealed_password,
    )


def _job(row: ImportJobRow) -> CopyJob:
    return CopyJob(
        id=row.id,
        organisation_id=row.organisation_id,
        requested_by=row.requested_by,
        language=row.language,
        target=Target(
            address_id=row.target_address_id,
            address=Address(row.target_address),
            mail_server_id=row.target_mail_server_id,
        ),
        sources=tuple(map(_source, row.sources)),
        choice=Choice(**row.choice),
        state=JobState(row.state),
        wish=Wish(row.wish) if row.wish else None,
        problem=row.problem,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        waiting_since=row.waiting_since,
        retry_at=row.retry_at,
    )


def _source(row: ImportSourceRow) -> Source:
    return Source(
        id=row.id,
        kind=SourceKind(row.kind),
        place=ImapPlace(row.host, row.port, Tls(row.tls), row.is_own),
        login=row.login,
        address=Address(row.address) if row.address else None,
        account_key=row.account_key,
        sealed_password=row.sealed_password,
    )


def _folder(row: ImportFolderRow) -> FolderProgress:
    return FolderProgress(
        source_id=row.source_id,
        name=row.source_name,
        target_name=row.target_name,
        state=FolderState(row.state),
        problem=row.problem,
        messages_total=row.messages_total,
        messages_done=row.messages_done,
        bytes_total=row.bytes_total,
        bytes_done=row.bytes_done,
        copied=row.copied,
        already_there=row.already_there,
        failed=row.failed,
    )


def _failure(row: ImportItemRow, folder: str) -> Failure:
    return Failure(
        folder=folder,
        uid=row.source_uid,
        size_bytes=row.size,
        reason=Reason(row.reason or Reason.REFUSED),
        reason_text=row.reason_text,
    )

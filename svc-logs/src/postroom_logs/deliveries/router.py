"""`/v1/logs`: what became of each mail."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse

from postroom_logs.deliveries import service
from postroom_logs.deliveries.domain import ExportFormat, Filters
from postroom_logs.deliveries.errors import (
    AddressNotFoundError,
    EmptyPeriodError,
    EntryNotFoundError,
    RightMissingError,
    TooFarBackError,
)
from postroom_logs.deliveries.exporting import MEDIA_TYPES, header, written
from postroom_logs.deliveries.repository import Deliveries
from postroom_logs.deliveries.schemas import (
    CountList,
    CountQuery,
    CountRead,
    EntryDetail,
    EntryRead,
    ExportQuery,
    PagedSearchQuery,
)
from postroom_logs.reasons.rendering import preferred_language
from postroom_logs.settings import LogsSettings
from postroom_shared.database import bind_organisation
from postroom_shared.http.dependencies import Session
from postroom_shared.http.identity import person
from postroom_shared.http.pages import BadCursorError, Page, page_of
from postroom_shared.http.problem import problem_responses
from postroom_shared.principal import PersonPrincipal, Scope
from postroom_shared.service import Runtime

router = APIRouter(prefix="/v1/logs", tags=["logs"])

Reader = Annotated[PersonPrincipal, Depends(person(Scope.LOGS_READ))]
_REFUSALS = (AddressNotFoundError, RightMissingError, TooFarBackError, EmptyPeriodError)


def _language(
    accept_language: Annotated[str, Header(description="`fr` or `en`; English if neither is named.")] = "",
) -> str:
    return preferred_language(accept_language)


Language = Annotated[str, Depends(_language)]


@router.get("", responses=problem_responses(*_REFUSALS, BadCursorError))
async def search_logs(
    query: Annotated[PagedSearchQuery, Query()], caller: Reader, session: Session, language: Language
) -> Page[EntryRead]:
    """List what became of an address's mails, newest first: by managers, and by people with the log right."""
    found = await service.search_logs(session, caller, query, cursor=query.cursor, limit=query.limit)
    page = page_of(found, limit=query.limit, key=lambda entry: (entry.at.isoformat(), entry.id))
    return Page(items=[EntryRead.of(entry, language=language) for entry in page.items], next=page.next)


@router.get("/counts", responses=problem_responses(*_REFUSALS))
async def count_logs(query: Annotated[CountQuery, Query()], caller: Reader, session: Session) -> CountList:
    """Count exactly what a search finds, by status and hour or day."""
    counts = await service.count_logs(session, caller, query, bucket=query.bucket)
    return CountList(items=[CountRead.of(count) for count in counts])


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses=problem_responses(*_REFUSALS)
    | {200: {"content": {"text/csv": {}, "application/x-ndjson": {}}, "description": "All entries, newest first."}},
)
async def export_logs(
    *,
    query: Annotated[ExportQuery, Query()],
    caller: Reader,
    session: Session,
    language: Language,
    request: Request,
) -> StreamingResponse:
    """Export exactly what a search finds, however much it is, newest first."""
    filters = await service.permitted(session, caller, query, kind="export")
    body = _exported(request.app.state.runtime, caller, filters, form=query.form, language=language)
    disposition = f'attachment; filename="logs.{query.form}"'
    return StreamingResponse(body, media_type=MEDIA_TYPES[query.form], headers={"Content-Disposition": disposition})


async def _exported(
    runtime: Runtime[LogsSettings], caller: PersonPrincipal, filters: Filters, *, form: ExportFormat, language: str
) -> AsyncIterator[str]:
    """Yield the file piece by piece; the request's own transaction is over by then."""
    yield header(form)
    async with runtime.sessions() as session:
        await bind_organisation(session, caller)
        async for entries in Deliveries(session, caller).all(filters):
            yield written(entries, form=form, language=language)


@router.get("/{entry_id}", responses=problem_responses(EntryNotFoundError))
async def read_log_entry(entry_id: UUID, caller: Reader, session: Session, language: Language) -> EntryDetail:
    """Read one entry with the mail's whole way: accepted, filtered, every attempt, the folder."""
    return EntryDetail.in_full(await service.read_entry(session, caller, entry_id), language=language)

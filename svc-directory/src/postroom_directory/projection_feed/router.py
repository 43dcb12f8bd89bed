"""HTTP of the feed; services of the suite only."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends

from postroom_directory.keyset import after_id
from postroom_directory.projection_feed.repository import States, id_column
from postroom_shared.errors import NotFoundError
from postroom_shared.http.dependencies import Session
from postroom_shared.http.identity import service_caller
from postroom_shared.http.pages import Page, Paging, page_of
from postroom_shared.http.problem import problem_responses
from postroom_shared.principal import ServicePrincipal
from postroom_shared.projection.states import Kind

Service = Annotated[ServicePrincipal, Depends(service_caller())]

router = APIRouter(prefix="/internal/v1/projection", include_in_schema=False)


@router.get("/{kind}")
async def read_snapshot(kind: Kind, query: Paging, caller: Service, session: Session) -> Page[dict[str, Any]]:
    """Return everything of one kind, page by page, by id."""
    states = await States(session, caller).page(
        kind, conditions=after_id(query.cursor, id_column(kind)), limit=query.limit + 1
    )
    page = page_of(states, limit=query.limit, key=lambda state: (state.id,))
    return Page(items=[state.model_dump(mode="json") for state in page.items], next=page.next)


@router.get("/{kind}/{thing_id}", responses=problem_responses(NotFoundError))
async def read_state(kind: Kind, thing_id: UUID, caller: Service, session: Session) -> dict[str, Any]:
    """Return the present state of one thing; 404 when it is gone."""
    state = await States(session, caller).find(kind, thing_id)
    if state is None:
        raise NotFoundError
    return state.model_dump(mode="json")

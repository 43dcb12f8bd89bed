"""A copy as it goes on, for whoever watches: the present state first, then each change, `done` at the end.

What is sent is always read from the database; a message of a worker only says that there is something new. Without
NATS the database is asked every second.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from uuid import UUID

from postroom_import.copies.domain import CopyJob
from postroom_import.copies.errors import CopyNotFoundError
from postroom_import.copies.repository import CopyJobs
from postroom_import.copies.schemas import CopyRead
from postroom_import.settings import ImportSettings
from postroom_shared.database import bind_organisation
from postroom_shared.events.live import MOST_A_SECOND, subscribe_live
from postroom_shared.events.waiting import first_of
from postroom_shared.http.sse import sse_event
from postroom_shared.principal import PersonPrincipal
from postroom_shared.projection import find_membership
from postroom_shared.service import Runtime

TOPIC = "import"
POLL_S = 1.0
RIGHTS_S = 60.0
_LEAST_PAUSE_S = 1.0 / MOST_A_SECOND


async def read_copy(runtime: Runtime[ImportSettings], caller: PersonPrincipal, job_id: UUID) -> CopyJob:
    """Return the copy in a transaction of its own.

    Raises:
        CopyNotFoundError: There is none that the caller may see.
    """
    async with runtime.sessions() as session, session.begin():
        await bind_organisation(session, caller)
        return await CopyJobs(session, caller).get(job_id)


async def follow_copy(
    runtime: Runtime[ImportSettings], caller: PersonPrincipal, job_id: UUID, *, rights_s: float = RIGHTS_S
) -> AsyncGenerator[bytes]:
    """Yield server-sent events until the copy is over, the caller may not see it any more, or the process stops.

    Args:
        runtime: Of this process.
        caller: Who watches.
        job_id: The copy.
        rights_s: How often the caller's rights are looked up again.
    """
    clock = asyncio.get_running_loop().time
    shown: CopyRead | None = None
    check_at = clock() + rights_s
    async with _news(runtime, caller, job_id) as news:
        while not runtime.stopping.is_set():
            news.clear()
            if clock() >= check_at:
                caller, check_at = await _present_rights(runtime, caller), clock() + rights_s
            try:
                job = CopyRead.of(await read_copy(runtime, caller, job_id))
            except CopyNotFoundError:
                yield sse_event("gone", {"id": str(job_id)})
                return
            if job != shown:
                yield sse_event("progress", job.model_dump(mode="json"))
                shown = job
            if job.state.is_final:
                yield sse_event("done", {"id": str(job_id), "state": job.state})
                return
            await asyncio.sleep(_LEAST_PAUSE_S)
            await first_of(news, runtime.stopping, timeout_s=POLL_S)


async def _present_rights(runtime: Runtime[ImportSettings], caller: PersonPrincipal) -> PersonPrincipal:
    """Return the caller with the role they have now; with none, and no organisation, when they have left."""
    if caller.organisation_id is None:
        return caller
    async with runtime.sessions() as session, session.begin():
        await bind_organisation(session, caller)
        membership = await find_membership(
            session, caller, person_id=caller.person_id, organisation_id=caller.organisation_id
        )
    if membership is None:
        return replace(caller, organisation_id=None, role=None)
    return replace(caller, role=membership.role)


@asynccontextmanager
async def _news(
    runtime: Runtime[ImportSettings], caller: PersonPrincipal, job_id: UUID
) -> AsyncIterator[asyncio.Event]:
    """Give an event that is set whenever a worker tells of progress."""
    news = asyncio.Event()
    async with AsyncExitStack() as stack:
        if runtime.nats.is_connected and caller.organisation_id is not None:
            updates = await stack.enter_async_context(
                subscribe_live(runtime.nats.client, caller.organisation_id, TOPIC, job_id)
            )

            async def listen() -> None:
                async for _ in updates:
                    news.set()

            task = asyncio.create_task(listen())
            stack.callback(task.cancel)
        yield news

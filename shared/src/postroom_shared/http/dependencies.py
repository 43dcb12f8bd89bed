"""What a request needs: its transaction, bound to the caller's organisation."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_shared.database import bind_organisation
from postroom_shared.http.idempotency import claim_request
from postroom_shared.http.identity import Caller
from postroom_shared.principal import SystemPrincipal


async def transaction(request: Request, caller: Caller) -> AsyncIterator[AsyncSession]:
    """Open the one transaction of this request; it commits before the answer is sent."""
    async with request.app.state.runtime.sessions() as session, session.begin():
        await bind_organisation(session, caller)
        await claim_request(session, request, caller)
        yield session


async def open_transaction(request: Request) -> AsyncIterator[AsyncSession]:
    """Open a transaction that sees all organisations, for routes that find out who is calling, or belong to no one."""
    async with request.app.state.runtime.sessions() as session, session.begin():
        await bind_organisation(session, SystemPrincipal())
        yield session


# scope="function": the commit comes before the answer, so that a failed commit is never answered with success.
Session = Annotated[AsyncSession, Depends(transaction, scope="function")]
OpenSession = Annotated[AsyncSession, Depends(open_transaction, scope="function")]

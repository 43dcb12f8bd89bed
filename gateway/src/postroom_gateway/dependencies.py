"""What the gateway's own routes need: who calls, and a transaction that sees that person's rows."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_gateway.person_rows import bind_person
from postroom_gateway.resources import Gateway
from postroom_gateway.settings import GatewaySettings
from postroom_shared.database import bind_organisation
from postroom_shared.http.identity import person
from postroom_shared.principal import PersonPrincipal, Scope
from postroom_shared.service import Runtime

AccountHolder = Annotated[PersonPrincipal, Depends(person(Scope.ACCOUNT_MANAGE, organisation=False))]
"""The signed-in person, or the holder of a token with the scope `account.manage`."""


async def _transaction(request: Request, caller: AccountHolder) -> AsyncIterator[AsyncSession]:
    async with request.app.state.runtime.sessions() as session, session.begin():
        await bind_organisation(session, caller)
        await bind_person(session, caller)
        yield session


# scope="function": the commit comes before the answer, so that a failed commit is never answered with success.
PersonSession = Annotated[AsyncSession, Depends(_transaction, scope="function")]


def _gateway(request: Request) -> Gateway:
    runtime: Runtime[GatewaySettings] = request.app.state.runtime
    return Gateway.of(runtime)


GatewayParts = Annotated[Gateway, Depends(_gateway)]

"""What the gateway's own routes need: who calls, and a transaction that sees that person's rows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_gateway.person_rows import bind_person
from postroom_gateway.resources import Gateway
from postroom_gateway.settings import GatewaySettings
from postroom_shared.database import bind_organisation
from postroom_shared.http.identity import Caller, person
from postroom_shared.principal import PersonPrincipal, Scope
from postroom_shared.service import Runtime

_account_holder = person(Scope.ACCOUNT_MANAGE, organisation=False)
AccountHolder = Annotated[PersonPrincipal, Depends(_account_holder)]
"""The signed-in person, or the holder of a token with the scope `account.manage`."""


def _token_holder(token_id: UUID, caller: Caller) -> PersonPrincipal:
    if isinstance(caller, PersonPrincipal) and caller.session_id == token_id:
        return caller
    return _account_holder(caller)


TokenHolder = Annotated[PersonPrincipal, Depends(_token_holder)]
"""An `AccountHolder`, or whoever holds the very token that the path names: any token may give itself up."""


async def _transaction(request: Request, caller: AccountHolder) -> AsyncIterator[AsyncSession]:
    async with _bound_to(caller, request) as session:
        yield session


async def _transaction_of_token(request: Request, caller: TokenHolder) -> AsyncIterator[AsyncSession]:
    async with _bound_to(caller, request) as session:
        yield session


@asynccontextmanager
async def _bound_to(caller: PersonPrincipal, request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.runtime.sessions() as session, session.begin():
        await bind_organisation(session, caller)
        await bind_person(session, caller)
        yield session


# scope="function": the commit comes before the answer, so that a failed commit is never answered with success.
PersonSession = Annotated[AsyncSession, Depends(_transaction, scope="function")]
TokenSession = Annotated[AsyncSession, Depends(_transaction_of_token, scope="function")]


def _gateway(request: Request) -> Gateway:
    runtime: Runtime[GatewaySettings] = request.app.state.runtime
    return Gateway.of(runtime)


GatewayParts = Annotated[Gateway, Depends(_gateway)]

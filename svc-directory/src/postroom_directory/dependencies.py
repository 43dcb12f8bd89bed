"""What a request of svc-directory needs beside the floor's: wider transactions, and the parts of this process."""

from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.passwords import Passwords
from postroom_directory.settings import DirectorySettings
from postroom_shared.database import bind_organisation
from postroom_shared.http.dependencies import Session
from postroom_shared.http.identity import Caller, operator, person
from postroom_shared.principal import PersonPrincipal, Scope, SystemPrincipal

Reader = Annotated[PersonPrincipal, Depends(person(Scope.DIRECTORY_READ, organisation=False))]
"""A person who reads; operators and people without organisation come through, repositories decide what they see."""

Changer = Annotated[PersonPrincipal, Depends(person(Scope.DIRECTORY_MANAGE, organisation=False))]
"""A person who changes something; services decide whether they may."""

Account = Annotated[PersonPrincipal, Depends(person(Scope.ACCOUNT_MANAGE, organisation=False))]
"""A person at their own account."""

Operator = Annotated[PersonPrincipal, Depends(operator(Scope.DIRECTORY_MANAGE))]
"""The operator."""


async def _wide(session: Session) -> AsyncSession:
    await bind_organisation(session, SystemPrincipal())
    return session


async def _wide_for_operators(session: Session, caller: Caller) -> AsyncSession:
    if isinstance(caller, PersonPrincipal) and caller.operator:
        await bind_organisation(session, SystemPrincipal())
    return session


WideSession = Annotated[AsyncSession, Depends(_wide)]
"""The request's transaction across organisations, for what belongs to the person wherever it lies."""

OfficeSession = Annotated[AsyncSession, Depends(_wide_for_operators)]
"""The request's transaction: across organisations for the operator, in the acting organisation for everybody else."""


def _passwords(request: Request) -> Passwords:
    passwords: Passwords = request.app.state.runtime.resources["passwords"]
    return passwords


def _settings(request: Request) -> DirectorySettings:
    settings: DirectorySettings = request.app.state.runtime.settings
    return settings


PasswordThreads = Annotated[Passwords, Depends(_passwords)]
Settings = Annotated[DirectorySettings, Depends(_settings)]

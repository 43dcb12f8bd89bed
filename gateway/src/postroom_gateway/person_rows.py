"""Rows that belong to a person, not to an organisation: sessions and API tokens.

The first wall is the repositories, whose statements name the person or the SHA-256 of a secret only its holder knows.
The second is PostgreSQL: a transaction sees the rows of the person it was bound to, and none before it was bound.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_shared.database import Sessions, bind_organisation
from postroom_shared.principal import EVERYTHING, PersonPrincipal, SystemPrincipal

_BIND = text("select set_config('postroom.person', :scope, true)")


async def bind_person(session: AsyncSession, principal: PersonPrincipal | SystemPrincipal) -> None:
    """Let the present transaction see the person's rows; all, for the gateway itself."""
    scope = str(principal.person_id) if isinstance(principal, PersonPrincipal) else EVERYTHING
    await session.execute(_BIND, {"scope": scope})


def protect_person_rows(table: str, *, condition: str) -> None:
    """Inside a migration: let a transaction see only rows for which *condition* names its person.

    Args:
        table: With or without a column `person_id`.
        condition: SQL that is true for the rows of the person `current_setting('postroom.person', true)`.
    """
    from alembic import op  # noqa: PLC0415 - only migrations need it

    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    op.execute(f"create policy person on {table} using (current_setting('postroom.person', true) = '*' or {condition})")


@asynccontextmanager
async def transaction_of_gateway(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """Open a transaction that sees everybody's rows, for finding out who calls; it commits at the end of the block."""
    async with sessions() as session, session.begin():
        await bind_organisation(session, SystemPrincipal())
        await bind_person(session, SystemPrincipal())
        yield session

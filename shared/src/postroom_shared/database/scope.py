"""The second wall: PostgreSQL itself hides rows of other organisations.

Repositories filter by the principal; should one forget, the row-level policy of `protect_rows` still does.
A transaction that was not bound sees nothing.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_shared.principal import EVERYTHING, Principal

_BIND = text("select set_config('postroom.organisation', :scope, true)")


async def bind_organisation(session: AsyncSession, principal: Principal) -> None:
    """Let the present transaction see the principal's organisation, and nothing else."""
    await session.execute(_BIND, {"scope": str(principal.organisation_scope)})


_BOUND = text("select coalesce(current_setting('postroom.organisation', true), '')")


@asynccontextmanager
async def seeing_everything(session: AsyncSession) -> AsyncIterator[None]:
    """Lift the scope of the present transaction for one question that crosses organisations, and only for it.

    A failure inside ends the transaction, so nothing needs to be put back then.
    """
    before = await session.scalar(_BOUND)
    await session.execute(_BIND, {"scope": EVERYTHING})
    yield
    await session.execute(_BIND, {"scope": before})

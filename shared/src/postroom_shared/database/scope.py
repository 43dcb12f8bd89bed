"""The second wall: PostgreSQL itself hides rows of other organisations.

Repositories filter by the principal; should one forget, the row-level policy of `protect_rows` still does.
A transaction that was not bound sees nothing.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_shared.principal import Principal

_BIND = text("select set_config('postroom.organisation', :scope, true)")


async def bind_organisation(session: AsyncSession, principal: Principal) -> None:
    """Let the present transaction see the principal's organisation, and nothing else."""
    await session.execute(_BIND, {"scope": str(principal.organisation_scope)})

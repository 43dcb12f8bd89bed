"""SQL of bootstrapping."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_CLAIM = text("select pg_advisory_xact_lock(hashtext('postroom.bootstrap'))")


async def claim_bootstrap(session: AsyncSession) -> None:
    """Wait until nobody else is bootstrapping; others wait until this transaction ends."""
    await session.execute(_CLAIM)

"""The engine of one process and its sessions."""

from typing import TypeAlias

from sqlalchemy import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.ext.asyncio import create_async_engine as _create_async_engine

Sessions: TypeAlias = async_sessionmaker[AsyncSession]

POOL_SIZE = 5
"""Connections a process keeps, so that a suite of many processes stays below PostgreSQL's limit."""


def async_url(database_url: str) -> URL:
    """Return *database_url* with the asyncpg driver, whatever `postgresql` spelling it came with."""
    return make_url(database_url).set(drivername="postgresql+asyncpg")


def create_engine(database_url: str, *, schema: str, application: str, pool_size: int = POOL_SIZE) -> AsyncEngine:
    """Return an engine whose every connection works in *schema*.

    Args:
        database_url: `postgresql://role:password@host:port/database`.
        schema: First and only entry of the search path.
        application: Shown in `pg_stat_activity`.
        pool_size: Connections kept open; twice as many at most.
    """
    return _create_async_engine(
        async_url(database_url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=10,
        pool_pre_ping=True,
        connect_args={
            "timeout": 10,
            "command_timeout": 60,
            "server_settings": {"search_path": schema, "application_name": application, "timezone": "UTC"},
        },
    )


def session_factory(engine: AsyncEngine) -> Sessions:
    """Return the factory of sessions; objects stay readable after the commit."""
    return async_sessionmaker(engine, expire_on_commit=False)

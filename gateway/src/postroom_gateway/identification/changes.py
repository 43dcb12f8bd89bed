"""Hear from PostgreSQL whenever somebody's identity changes, in this gateway or another."""

import asyncio
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from postroom_gateway.identification.identities import Identities
from postroom_shared.background import pause

EVERYBODY = "*"
CHECK_EVERY_S = 5.0
log = structlog.get_logger()


class IdentityChanges:
    """Keeps `Identities` true, on a connection of its own.

    Attributes:
        happened: Set at every change; whoever waits for it clears it.
    """

    def __init__(self, engine: AsyncEngine, identities: Identities, *, schema: str) -> None:
        self._engine = engine
        self._identities = identities
        self._channel = f"postroom_identity_{schema}"
        self.happened = asyncio.Event()

    async def listen(self, stopping: asyncio.Event) -> None:
        """Listen until *stopping*; while the connection is broken nothing is remembered."""
        async with self._engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            if driver is None:
                raise RuntimeError("the connection has no driver connection")
            driver.add_termination_listener(self._lose)
            await driver.add_listener(self._channel, self._hear)
            self._identities.listening()
            try:
                while not stopping.is_set():
                    await pause(stopping, CHECK_EVERY_S)
                    await connection.execute(text("select 1"))
                    await connection.rollback()
            except (SQLAlchemyError, OSError) as error:
                log.warning("gateway.identity_changes_lost", error=repr(error))
            finally:
                self._identities.deaf()
                driver.remove_termination_listener(self._lose)
                if not driver.is_closed():
                    await driver.remove_listener(self._channel, self._hear)

    def _lose(self, _connection: object) -> None:
        self._identities.deaf()

    def _hear(self, _connection: object, _pid: int, _channel: str, payload: str) -> None:
        if payload == EVERYBODY:
            self._identities.forget_all()
        else:
            self._identities.forget(UUID(payload))
        self.happened.set()

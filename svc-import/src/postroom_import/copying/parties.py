"""The two sides of a copy: each with a connection made when it is needed, and errors that say whose they are."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from postroom_import.copying.errors import Side, SideLostError, SideRefusedError
from postroom_import.imap.client import ImapClient
from postroom_import.imap.errors import (
    ImapAuthenticationError,
    ImapConnectionError,
    ImapProtocolError,
    ImapUnavailableError,
)

Connect: TypeAlias = Callable[[], Awaitable[ImapClient]]
"""Opens a connection and signs in."""


class Party:
    """One mailbox that takes part."""

    def __init__(self, side: Side, connect: Connect) -> None:
        self.side = side
        self._connect = connect
        self._client: ImapClient | None = None

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """Turn what the server or the network does to us into this side's errors.

        Raises:
            SideLostError: Try again later, over a new connection.
            SideRefusedError: The credentials are not taken (any more).
        """
        try:
            yield
        except ImapAuthenticationError as error:
            raise SideRefusedError(self.side, error) from error
        except (ImapConnectionError, ImapProtocolError, ImapUnavailableError) as error:
            raise SideLostError(self.side, error) from error

    async def client(self) -> ImapClient:
        """Return the connection, signed in; make it if there is none."""
        if self._client is None:
            with self.speaking():
                self._client = await self._connect()
        return self._client

    async def close(self) -> None:
        """Say goodbye, if there is a connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.logout()

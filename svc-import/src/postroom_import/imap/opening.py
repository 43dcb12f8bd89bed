"""From an address to a connection that has been greeted and is encrypted."""

from postroom_import.imap import commands
from postroom_import.imap.connection import Connection
from postroom_import.imap.errors import ImapRefusedError, ImapTlsError
from postroom_import.imap.responses import Limits
from postroom_import.imap.transport import Endpoint, Security, Streams, Timeouts, dial, encrypt


async def open_connection(
    endpoint: Endpoint, *, timeouts: Timeouts | None = None, limits: Limits | None = None
) -> Connection:
    """Return a connection to *endpoint*, encrypted as it says.

    Raises:
        ImapConnectionError: The server cannot be reached, or sends us away.
        ImapTlsError: It is not encrypted as it should be.
    """
    timeouts = timeouts or Timeouts()
    connection = Connection(await dial(endpoint, timeouts), timeouts, limits or Limits())
    try:
        await connection.greeting()
        if endpoint.security is Security.STARTTLS and not connection.is_encrypted:
            await _start_tls(connection, endpoint, timeouts)
    except BaseException:
        await connection.close()
        raise
    return connection


async def _start_tls(connection: Connection, endpoint: Endpoint, timeouts: Timeouts) -> None:
    # A greeting of PREAUTH leaves no room for STARTTLS: somebody in the middle may have sent it. RFC 9051 §11.1
    if connection.is_signed_in:
        raise ImapTlsError("the server skips encryption")
    try:
        await connection.run(commands.starttls())
    except ImapRefusedError as error:
        raise ImapTlsError(f"the server refuses to encrypt: {error.text}") from error

    async def over_tls(streams: Streams) -> Streams:
        return await encrypt(streams, endpoint, timeouts)

    await connection.upgrade(over_tls)

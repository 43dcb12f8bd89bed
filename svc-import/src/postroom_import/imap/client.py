"""The IMAP client the copier uses: sign in, look at mailboxes, read messages, store messages."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from types import TracebackType
from typing import Self, TypeVar

from postroom_import.imap import authentication, commands
from postroom_import.imap.appending import AppendMethod, AppendOutcome, append_messages, method_for
from postroom_import.imap.authentication import Credentials
from postroom_import.imap.connection import Connection
from postroom_import.imap.errors import ImapAuthenticationError, ImapProtocolError, ImapRefusedError, ImapUsageError
from postroom_import.imap.fetching import Message, Metadata, fetch_messages, fetch_metadata
from postroom_import.imap.handover import PendingCommand
from postroom_import.imap.mailboxes import Mailbox, MailboxState, gather_mailboxes, gather_state
from postroom_import.imap.names import MailboxName
from postroom_import.imap.opening import open_connection
from postroom_import.imap.outgoing import OutgoingMessage
from postroom_import.imap.responses import Limits
from postroom_import.imap.results import Found, MailboxStatus, Namespaces, ServerIdentity
from postroom_import.imap.transport import Endpoint, Timeouts
from postroom_import.imap.uid_sets import UidSet

_T = TypeVar("_T")
_TEMPORARY_CODES = frozenset({"UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "CONTACTADMIN"})


class ImapClient:
    """A talk with one IMAP server over one connection; `async with` ends it.

    All methods raise `ImapConnectionError` when the connection is lost, `ImapProtocolError` when the server cannot be
    understood, and `ImapRefusedError` when it says no.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, endpoint: Endpoint, *, timeouts: Timeouts | None = None, limits: Limits | None = None) -> Self:
        """Return a client that is connected and encrypted as *endpoint* says, and not signed in yet."""
        return cls(await open_connection(endpoint, timeouts=timeouts, limits=limits))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.logout()

    @property
    def is_encrypted(self) -> bool:
        """Tell whether TLS is up."""
        return self._connection.is_encrypted

    @property
    def is_signed_in(self) -> bool:
        """Tell whether `login` has succeeded, or the server asked for none."""
        return self._connection.is_signed_in

    async def capabilities(self) -> frozenset[str]:
        """Return what the server offers in the present state, in upper case."""
        if self._connection.capabilities is None:
            await self._connection.run(commands.capability())
        if self._connection.capabilities is None:
            raise ImapProtocolError("the server does not say what it offers")
        return self._connection.capabilities

    async def login(self, credentials: Credentials) -> None:
        """Sign in.

        Raises:
            ImapAuthenticationError: The server does not take these credentials, or knows no way to take them.
            ImapUnavailableError: It cannot tell now; the credentials may be right.
        """
        command = authentication.sign_in(credentials, await self.capabilities())
        self._connection.capabilities = None
        try:
            await self._connection.run(command)
        except ImapRefusedError as error:
            if error.is_bad or error.code in _TEMPORARY_CODES or isinstance(error, ImapAuthenticationError):
                raise
            raise ImapAuthenticationError(error.text, code=error.code, is_bad=error.is_bad) from error
        self._connection.is_signed_in = True

    async def identify(self, fields: Mapping[str, str]) -> Mapping[str, str]:
        """Tell the server who asks and return what it says of itself; some providers insist (RFC 2971)."""
        pending = await self._connection.run(commands.identify(tuple(fields.items())))
        return next((item.fields for item in pending.responses if isinstance(item, ServerIdentity)), {})

    async def namespaces(self) -> Namespaces:
        """Return where personal, other people's and shared mailboxes are (RFC 2342)."""
        if "NAMESPACE" not in await self.capabilities():
            return Namespaces((), (), ())
        pending = await self._connection.run(commands.namespace())
        return _one(pending, Namespaces)

    async def mailboxes(self, *, status_items: Sequence[str] = ()) -> list[Mailbox]:
        """Return all mailboxes, with their roles and subscriptions.

        Args:
            status_items: Counts wanted of each, such as "UIDNEXT"; taken in the same round trip where the server can.
        """
        capabilities = await self.capabilities()
        listed = await self._list(capabilities, status_items)
        boxes = gather_mailboxes(listed.responses)
        if "LIST-EXTENDED" not in capabilities:
            subscribed = await self._connection.run(commands.list_subscribed())
            boxes = gather_mailboxes([*listed.responses, *subscribed.responses])
        if status_items and "LIST-STATUS" not in capabilities:
            return [await self._with_status(box, status_items) for box in boxes]
        return boxes

    async def _list(self, capabilities: frozenset[str], status_items: Sequence[str]) -> PendingCommand:
        returning = []
        if "LIST-EXTENDED" in capabilities:
            returning.append("SUBSCRIBED")
            if "SPECIAL-USE" in capabilities:
                returning.append("SPECIAL-USE")
        wanted = status_items if "LIST-STATUS" in capabilities else ()
        return await self._connection.run(commands.list_mailboxes(returning=returning, status_items=wanted))

    async def _with_status(self, box: Mailbox, items: Sequence[str]) -> Mailbox:
        return box.with_counts((await self.status(box.name, items)).counts) if box.is_selectable else box

    async def status(self, name: MailboxName, items: Sequence[str]) -> MailboxStatus:
        """Return counts of a mailbox that is not open; a missing one is an `ImapRefusedError`, often without a code."""
        return _one(await self._connection.run(commands.status(name, items)), MailboxStatus)

    async def select(self, name: MailboxName, *, with_modseq: bool = False) -> MailboxState:
        """Open *name* for reading and writing."""
        return await self._open(name, read_only=False, with_modseq=with_modseq)

    async def examine(self, name: MailboxName, *, with_modseq: bool = False) -> MailboxState:
        r"""Open *name* for reading; nothing changes in it, not even \\Recent.

        Args:
            name: Which mailbox.
            with_modseq: Ask for `highestmodseq`, which some servers begin to count only then (RFC 7162 §3.1.8).
        """
        return await self._open(name, read_only=True, with_modseq=with_modseq)

    async def _open(self, name: MailboxName, *, read_only: bool, with_modseq: bool) -> MailboxState:
        with_modseq = with_modseq and "CONDSTORE" in await self.capabilities()
        command = commands.open_mailbox(name, read_only=read_only, with_modseq=with_modseq)
        return gather_state((await self._connection.run(command)).responses)

    async def search(self, uids: UidSet) -> UidSet:
        """Return those of *uids* that exist in the open mailbox, ascending."""
        extended = "ESEARCH" in await self.capabilities()
        lowest = min((min(span) for span in uids.ranges), default=0)
        spans: list[tuple[int, int]] = []
        for wire in uids.wires():
            pending = await self._connection.run(commands.uid_search(wire, extended=extended))
            spans += (span for item in pending.responses if isinstance(item, Found) for span in item.uids.ranges)
        return UidSet(tuple(sorted((max(first, lowest), last) for first, last in spans if last >= lowest)))

    def fetch_metadata(self, uids: UidSet, *, also: Sequence[str] = ()) -> AsyncGenerator[Metadata, None]:
        """Yield uid, flags, date and size of *uids* in the open mailbox, and the items named by *also*."""
        return fetch_metadata(self._connection, uids, also=also)

    def fetch_messages(self, uids: UidSet) -> AsyncGenerator[Message, None]:
        r"""Yield *uids* of the open mailbox with their bodies; \\Seen is not set.

        No other command may be waited for until the last one is taken, or the generator is closed.
        """
        return fetch_messages(self._connection, uids)

    async def append(
        self, name: MailboxName, messages: Sequence[OutgoingMessage], *, method: AppendMethod | None = None
    ) -> AppendOutcome:
        """Store *messages*, by the fastest way the server offers unless *method* says otherwise.

        Raises:
            ImapUsageError: MULTIAPPEND is asked for and not offered, or a body has not the size announced.
        """
        best = method_for(await self.capabilities())
        if method is AppendMethod.TOGETHER and best is not method:
            raise ImapUsageError("The server has no MULTIAPPEND")
        return await append_messages(self._connection, name, messages, method=method or best)

    async def create(self, name: MailboxName) -> None:
        """Create a mailbox; `ImapMailboxExistsError` when the server says that there is one."""
        await self._connection.run(commands.create(name))

    async def subscribe(self, name: MailboxName) -> None:
        """Subscribe to a mailbox."""
        await self._connection.run(commands.subscribe(name))

    async def noop(self) -> None:
        """Ask for a sign of life."""
        await self._connection.run(commands.noop())

    async def logout(self) -> None:
        """End the talk and close the connection; a server that is gone is no error."""
        await self._connection.close()


def _one(pending: PendingCommand, kind: type[_T]) -> _T:
    found = next((item for item in pending.responses if isinstance(item, kind)), None)
    if found is None:
        raise ImapProtocolError(f"the server did not answer {pending.name}")
    return found

"""Reading messages: one UID FETCH for thousands of them, bodies passed on while they come."""

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from postroom_import.imap import commands
from postroom_import.imap.commands import Command
from postroom_import.imap.connection import Connection
from postroom_import.imap.errors import ImapUsageError
from postroom_import.imap.handover import PendingCommand
from postroom_import.imap.internal_dates import InternalDate
from postroom_import.imap.results import BodyPiece, BodyStart, Fetched, Response, Value
from postroom_import.imap.uid_sets import UidSet

# A body up to this size is gathered before the message is given out; a larger one is streamed.
INLINE_BYTES = 262_144
# The next command is on its way while the answers to the one before are read.
_COMMANDS_AHEAD = 2
_METADATA = b"(UID FLAGS INTERNALDATE RFC822.SIZE)"
_MESSAGE = b"(UID FLAGS INTERNALDATE BODY.PEEK[])"
_BODY = b"(UID BODY.PEEK[])"

_Responses = AsyncGenerator[Response, None]


@dataclass(frozen=True, slots=True)
class Metadata:
    r"""A message without its body.

    Args:
        flags: As the server wrote them, with \\Recent.
        internal_date: None when the server gave none.
        size: RFC822.SIZE in octets; some servers estimate it.
        others: Further items that were asked for, by upper-case name, such as "X-GM-MSGID".
    """

    uid: int
    flags: frozenset[str]
    internal_date: InternalDate | None
    size: int
    others: Mapping[str, Value] = field(default_factory=dict)


class BodyStream:
    """The octets of a body that are still on their way.

    Args:
        responses: Where its pieces come next.
        left: Octets not yet taken.
    """

    def __init__(self, responses: _Responses, left: int) -> None:
        self._responses = responses
        self._left = left

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield what has not been taken yet, at most 64 KiB at a time."""
        while self._left:
            piece = await anext(self._responses, None)
            if not isinstance(piece, BodyPiece):
                raise ImapUsageError("A body was not taken before the next message was asked for")
            self._left -= len(piece.data)
            yield piece.data


@dataclass(frozen=True, slots=True)
class Message:
    r"""A message with its body.

    Args:
        size: Octets of the body, exactly.
        body: The octets; or, above `INLINE_BYTES`, a stream that must be taken before the next message is asked for.
    """

    uid: int
    flags: frozenset[str]
    internal_date: InternalDate | None
    size: int
    body: bytes | BodyStream = field(repr=False)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the octets; a stream can be taken only once."""
        if isinstance(self.body, bytes):
            yield self.body
            return
        async for piece in self.body.pieces():
            yield piece

    async def read(self) -> bytes:
        """Return all octets; costs as much memory as the message is long."""
        return b"".join([piece async for piece in self.pieces()])


async def fetch_metadata(
    connection: Connection, uids: UidSet, *, also: Sequence[str] = ()
) -> AsyncGenerator[Metadata, None]:
    """Yield what the server tells of *uids*; a uid that is not there is left out.

    Args:
        connection: With an open mailbox.
        uids: Which messages.
        also: Names of further items, such as "X-GM-LABELS".
    """
    items = _METADATA[:-1] + "".join(f" {name}" for name in also).encode("ascii") + b")"
    # RFC 3501 §9: "9:*" names the last message even when its uid is below 9.
    lowest = min((min(span) for span in uids.ranges), default=0)
    queries = (commands.uid_fetch(wire, items) for wire in uids.wires())
    async with aclosing(_responses(connection, queries)) as responses:
        async for item in responses:
            if isinstance(item, Fetched) and item.uid is not None and item.size is not None and item.uid >= lowest:
                others = item.others or {}
                yield Metadata(item.uid, item.flags or frozenset(), item.internal_date, item.size, others)


async def fetch_messages(connection: Connection, uids: UidSet) -> AsyncGenerator[Message, None]:
    """Yield the messages *uids*, in the server's order; a uid that is not there is left out.

    A large body whose server tells the flags only behind it is asked for again, alone, at the end.
    """
    late: list[int] = []
    async with aclosing(_messages(connection, uids, late)) as messages:
        async for message in messages:
            yield message
    for uid in late:
        async with aclosing(_known_message(connection, uid)) as known:
            async for message in known:
                yield message


def _responses_to_bodies(connection: Connection, uids: UidSet, items: bytes) -> _Responses:
    wants = (BodyStart, BodyPiece, Fetched)
    return _responses(connection, (commands.uid_fetch(wire, items, wants) for wire in uids.wires()))


async def _messages(connection: Connection, uids: UidSet, late: list[int]) -> AsyncGenerator[Message, None]:
    async with aclosing(_responses_to_bodies(connection, uids, _MESSAGE)) as responses:
        async for start in responses:
            if not isinstance(start, BodyStart) or start.section:
                continue
            if start.size <= INLINE_BYTES:
                body = b"".join([piece async for piece in BodyStream(responses, start.size).pieces()])
                item = await _end_of_item(responses)
                if item.uid is not None:
                    yield Message(item.uid, item.flags or frozenset(), item.internal_date, start.size, body)
                continue
            stream = BodyStream(responses, start.size)
            known = start.so_far
            complete = known.uid is not None and known.flags is not None and known.internal_date is not None
            if complete and known.uid is not None and known.flags is not None:
                yield Message(known.uid, known.flags, known.internal_date, start.size, stream)
            await _skip(stream)
            item = await _end_of_item(responses)
            if not complete and item.uid is not None:
                late.append(item.uid)


async def _known_message(connection: Connection, uid: int) -> AsyncGenerator[Message, None]:
    """Ask for one message whose flags and date are asked for first."""
    uids = UidSet.of([uid])
    async with aclosing(fetch_metadata(connection, uids)) as found:
        known = [item async for item in found if item.uid == uid]
    async with aclosing(_responses_to_bodies(connection, uids, _BODY)) as responses:
        async for start in responses:
            if known and isinstance(start, BodyStart) and not start.section:
                stream = BodyStream(responses, start.size)
                yield Message(uid, known[0].flags, known[0].internal_date, start.size, stream)
                await _skip(stream)


async def _skip(stream: BodyStream) -> None:
    async for _ in stream.pieces():
        pass


async def _end_of_item(responses: _Responses) -> Fetched:
    while not isinstance(response := await anext(responses), Fetched):
        pass
    return response


async def _responses(connection: Connection, queries: Iterator[Command]) -> _Responses:
    """Yield the responses to all *queries*; stop reading the network while nobody asks for the next."""
    sent: deque[PendingCommand] = deque()
    try:
        while True:
            while len(sent) < _COMMANDS_AHEAD and (query := next(queries, None)) is not None:
                sent.append(await connection.submit(query, streamed=True))
            if not sent:
                return
            async with aclosing(sent[0].batches()) as batches:
                async for batch in batches:
                    for response in batch:
                        yield response
            sent.popleft()
    finally:
        for pending in sent:
            pending.abandon()

"""Messages on their way from a source to the target."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from postroom_import.copying.parties import Party
from postroom_import.imap.fetching import Message, Metadata
from postroom_import.imap.internal_dates import InternalDate
from postroom_import.imap.outgoing import OutgoingMessage, is_sendable_flag
from postroom_import.imap.uid_sets import UidSet


class HashedStream:
    """The octets of a large message, digested while they pass."""

    def __init__(self, message: Message, party: Party) -> None:
        self._message = message
        self._party = party
        self._hash = hashlib.sha256()
        self._seen = 0

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the octets as they come from the source; only once."""
        with self._party.speaking():
            async for piece in self._message.pieces():
                self._hash.update(piece)
                self._seen += len(piece)
                yield piece

    @property
    def digest(self) -> bytes | None:
        """SHA-256 of the message, once all of it has passed."""
        return self._hash.digest() if self._seen == self._message.size else None


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message ready to be sent.

    Attributes:
        sha256: None while a large message is still on its way.
        flags: All that can be sent, keywords too.
    """

    uid: int
    size: int
    sha256: bytes | None = field(repr=False)
    flags: frozenset[str]
    internal_date: InternalDate | None
    content: bytes | HashedStream = field(repr=False)
    attempts: int = 0

    def outgoing(self, allowed: frozenset[str] | None) -> OutgoingMessage:
        r"""Return what is appended, with those of its flags that *allowed* has (None: all; `\*`: all keywords)."""
        content = self.content if isinstance(self.content, bytes) else self.content.pieces
        return OutgoingMessage(self.size, content, _allowed(self.flags, allowed), self.internal_date)

    @property
    def has_keywords(self) -> bool:
        """Whether it has flags that not every server stores."""
        return any(not flag.startswith("\\") for flag in self.flags)

    @property
    def digest(self) -> bytes | None:
        """SHA-256, if it is known by now."""
        return self.sha256 or (self.content.digest if isinstance(self.content, HashedStream) else None)


def _allowed(flags: frozenset[str], allowed: frozenset[str] | None) -> frozenset[str]:
    if allowed is None:
        return flags
    known = {flag.lower() for flag in allowed}
    takes_keywords = "\\*" in known
    return frozenset(f for f in flags if f.lower() in known or (takes_keywords and not f.startswith("\\")))


def parcel_of(message: Message, content: bytes | HashedStream, *, attempts: int) -> Parcel:
    r"""Return *message* as it is sent: its own flags but \Recent, its own date if it is one."""
    date = message.internal_date
    return Parcel(
        uid=message.uid,
        size=message.size,
        sha256=hashlib.sha256(content).digest() if isinstance(content, bytes) else None,
        flags=frozenset(filter(is_sendable_flag, message.flags)),
        internal_date=date if date is not None and date.is_valid else None,
        content=content,
        attempts=attempts,
    )


async def read_parcels(
    party: Party, uids: Sequence[int], *, most_octets: int, attempts: dict[int, int]
) -> tuple[list[Parcel], list[int]]:
    """Return the messages *uids* of the open folder, and the uids of those that are larger than *most_octets*.

    A uid that is in neither was deleted meanwhile.
    """
    parcels, large = [], []
    client = await party.client()
    with party.speaking():
        async with aclosing(client.fetch_messages(UidSet.of(uids))) as messages:
            async for message in messages:
                if message.size > most_octets:
                    large.append(message.uid)
                    continue
                parcels.append(parcel_of(message, await message.read(), attempts=attempts.get(message.uid, 0)))
    return parcels, large


async def read_digests(party: Party, uids: Sequence[int]) -> dict[int, tuple[int, bytes]]:
    """Return size and SHA-256 of the messages *uids* of the open folder, by uid; memory does not grow with them."""
    digests = {}
    client = await party.client()
    with party.speaking():
        async with aclosing(client.fetch_messages(UidSet.of(uids))) as messages:
            async for message in messages:
                digest = hashlib.sha256()
                async for piece in message.pieces():
                    digest.update(piece)
                digests[message.uid] = message.size, digest.digest()
    return digests


async def read_metadata(party: Party, uids: UidSet) -> list[Metadata]:
    """Return what the server tells of *uids* of the open folder, by uid, each once."""
    client = await party.client()
    with party.speaking():
        async with aclosing(client.fetch_metadata(uids)) as found:
            known = {item.uid: item async for item in found}
    return [known[uid] for uid in sorted(known)]

"""Mailboxes made from a seed, with what breaks copies: the same seed gives the same octets."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

from postroom_import.imap.client import ImapClient
from postroom_import.imap.internal_dates import InternalDate
from postroom_import.imap.names import MailboxName
from postroom_import.imap.outgoing import OutgoingMessage

FOLDERS = (
    "INBOX",
    "Sent",
    "Sent/2024",
    "Brouillons",
    "Projets",
    "Projets/Équipe",
    "Projets/Équipe/Réunions & notes",
    "Projets/100% sûr",
    "Größe",
    "文書",
    "With 'quotes' and (parens)",
    "Empty",
)
_SYSTEM_FLAGS = ("\\Seen", "\\Answered", "\\Flagged", "\\Draft", "\\Deleted")
_KEYWORDS = ("$Forwarded", "$label1", "NonJunk", "work-in_progress")
_WORDS = ["alpha", "bravo", "charlie", "delta", "écho", "foxtrot", "grüße", "hôtel", "india", "日本", "kilo", "lima"]
_ZONES = (UTC, timezone(timedelta(hours=2)), timezone(-timedelta(hours=3, minutes=30)))


@dataclass(frozen=True, slots=True)
class MadeMessage:
    """One message of a made mailbox."""

    content: bytes = field(repr=False)
    flags: frozenset[str] = frozenset()
    internal_date: datetime = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class MadeMailbox:
    """Folders (levels joined by "/") with their messages, and which of them are subscribed."""

    folders: dict[str, list[MadeMessage]]
    subscribed: frozenset[str]

    @property
    def messages(self) -> int:
        """How many messages there are."""
        return sum(map(len, self.folders.values()))

    @property
    def distinct(self) -> int:
        """How many messages there are when a folder has each content once."""
        return sum(len({message.content for message in messages}) for messages in self.folders.values())


def make_mailbox(seed: int, *, messages: int, largest: int = 60_000) -> MadeMailbox:
    """Return a mailbox with about that many messages.

    Args:
        seed: The same gives the same mailbox.
        messages: Spread over `FOLDERS`; the last of them stays empty.
        largest: Octets of the larger messages.
    """
    dice = random.Random(seed)  # noqa: S311 - repeatable, no secret
    folders: dict[str, list[MadeMessage]] = {name: [] for name in FOLDERS}
    contents = _contents(dice, largest)
    for _ in range(messages):
        folder = folders[dice.choice(FOLDERS[:-1])]
        is_repeated = folder and dice.random() < 0.06
        content = dice.choice(folder).content if is_repeated else next(contents)
        folder.append(MadeMessage(content, _flags(dice), _moment(dice)))
    subscribed = frozenset({"INBOX", "Projets/Équipe", "文書", "Sent"})
    return MadeMailbox(folders, subscribed)


def _contents(dice: random.Random, largest: int) -> Iterator[bytes]:
    makers = (_plain, _plain, _plain, _plain, _eight_bit_header, _long_lines, _header_only, _without_id, _large)
    number = 0
    while True:
        number += 1
        maker = dice.choice(makers)
        content = maker(dice, number, largest)
        yield content
        if dice.random() < 0.1 and maker is _plain:
            # the same headers and the same size, another body: only the octets tell
            yield content[:-10] + bytes(dice.choices(b"abcdefgh", k=8)) + b"\r\n"


def _headers(dice: random.Random, number: int, *, subject: str = "") -> bytes:
    date = format_datetime(_moment(dice))
    subject = subject or " ".join(dice.choices(["offre", "rapport", "facture", "note"], k=3))
    sender = f"a{dice.randrange(40)}@example.org"
    return (
        f"Received: from mx{dice.randrange(9)}.example.org by mail.example.test; {date}\r\n"
        f"Message-ID: <{number // 2}.{dice.randrange(10**9)}@example.org>\r\n"
        f"From: {sender}\r\nTo: anna@example.test\r\nDate: {date}\r\nSubject: {subject}\r\n"
    ).encode()


def _body(dice: random.Random, lines: int) -> bytes:
    return "".join(" ".join(dice.choices(_WORDS, k=8)) + "\r\n" for _ in range(lines)).encode()


def _plain(dice: random.Random, number: int, _largest: int) -> bytes:
    return _headers(dice, number) + b"\r\n" + _body(dice, dice.randint(1, 30)) + b"0123456789\r\n"


def _eight_bit_header(dice: random.Random, number: int, _largest: int) -> bytes:
    return _headers(dice, number) + b"X-Raw: caf\xe9 \xff\xfe\r\n\r\n" + _body(dice, 3)


def _long_lines(dice: random.Random, number: int, _largest: int) -> bytes:
    return _headers(dice, number) + b"\r\n" + bytes(dice.choices(b"abcdef ", k=5_000)) + b"\r\n"


def _header_only(dice: random.Random, number: int, _largest: int) -> bytes:
    return _headers(dice, number) + b"\r\n"


def _without_id(dice: random.Random, number: int, _largest: int) -> bytes:
    return f"From: nobody@example.org\r\nSubject: {number}\r\n\r\n".encode() + _body(dice, 2)


def _large(dice: random.Random, number: int, largest: int) -> bytes:
    return _headers(dice, number) + b"\r\n" + _body(dice, dice.randint(largest // 400, largest // 80))


def _flags(dice: random.Random) -> frozenset[str]:
    return frozenset(
        dice.sample(_SYSTEM_FLAGS, k=dice.randint(0, 2)) + dice.sample(_KEYWORDS, k=dice.choice((0, 0, 1, 2)))
    )


def _moment(dice: random.Random) -> datetime:
    return datetime(2015, 1, 1, tzinfo=dice.choice(_ZONES)) + timedelta(seconds=dice.randrange(10 * 365 * 86_400))


async def fill(client: ImapClient, mailbox: MadeMailbox, *, prefix: str = "", separator: str = "/") -> None:
    """Put *mailbox* into the mailbox that *client* is signed in to.

    Args:
        client: Signed in.
        mailbox: What is put there.
        prefix: Before each folder but INBOX.
        separator: Of the server, in place of "/".
    """
    for folder, messages in mailbox.folders.items():
        name = MailboxName.of(folder if folder == "INBOX" else prefix + folder.replace("/", separator))
        known = {box.name for box in await client.mailboxes()}
        if name not in known:
            await client.create(name)
        if folder in mailbox.subscribed:
            await client.subscribe(name)
        outgoing = [
            OutgoingMessage(len(each.content), each.content, each.flags, InternalDate.of(each.internal_date))
            for each in messages
        ]
        for start in range(0, len(outgoing), 100):
            outcome = await client.append(name, outgoing[start : start + 100])
            if outcome.refusal is not None:
                raise outcome.refusal

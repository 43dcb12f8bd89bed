"""An independent look into a mailbox: the standard library's IMAP client, whose parser shares nothing with ours."""

import asyncio
import imaplib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from postroom_import.imap.names import decode_utf7

_LISTED = re.compile(rb'\((?P<attributes>[^)]*)\) (?:"(?P<separator>.)"|NIL) (?P<name>.+)', re.DOTALL)
_FETCHED = re.compile(
    rb'UID (?P<uid>\d+) FLAGS \((?P<flags>[^)]*)\) INTERNALDATE "(?P<date>[^"]*)" RFC822.SIZE (?P<size>\d+)'
)
_LASTING = frozenset({"\\sent", "\\drafts", "\\trash", "\\junk", "\\archive", "\\noselect"})


@dataclass(frozen=True, slots=True)
class SeenMessage:
    r"""One message as the server gives it; flags without \Recent, the date in UTC."""

    uid: int
    digest: str
    size: int
    flags: frozenset[str]
    internal_date: datetime

    @property
    def without_uid(self) -> tuple[str, int, frozenset[str], datetime]:
        """All that a copy must keep."""
        return self.digest, self.size, self.flags, self.internal_date


@dataclass(frozen=True, slots=True)
class SeenFolder:
    """One folder as the server gives it."""

    attributes: frozenset[str]
    is_subscribed: bool
    uidvalidity: int
    messages: tuple[SeenMessage, ...]


async def look_into(host: str, port: int, login: str, password: str) -> dict[str, SeenFolder]:
    """Return every folder of a mailbox by its decoded name, read without changing anything."""
    return await asyncio.to_thread(_look, host, port, login, password)


def _look(host: str, port: int, login: str, password: str) -> dict[str, SeenFolder]:
    with imaplib.IMAP4(host, port, timeout=60) as server:
        server.login(login, password)
        subscribed = {name for name, _ in _names(server.lsub())}
        listed = _names(server.list())
        return {
            decode_utf7(name): _folder(server, name, attributes, is_subscribed=name in subscribed)
            for name, attributes in listed
            if not attributes & {"\\noselect", "\\nonexistent"}
        }


def _names(answer: tuple[str, list[Any]]) -> list[tuple[bytes, frozenset[str]]]:
    names = []
    for line in answer[1]:
        joined = b"".join(line) if isinstance(line, tuple) else line
        if joined and (found := _LISTED.fullmatch(joined)):
            name = re.sub(rb"\\(.)", rb"\1", found["name"][1:-1]) if found["name"].startswith(b'"') else found["name"]
            names.append((name, frozenset(found["attributes"].decode().lower().split())))
    return names


def _folder(server: imaplib.IMAP4, name: bytes, attributes: frozenset[str], *, is_subscribed: bool) -> SeenFolder:
    quoted = b'"' + name.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    _, count = server.select(quoted.decode(), readonly=True)
    _, validity = server.response("UIDVALIDITY")
    messages: list[SeenMessage] = []
    if int(count[0] or 0):
        _, data = server.uid("FETCH", "1:*", "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])")
        messages = [_message(*item) for item in data if isinstance(item, tuple)]
    server.unselect()
    return SeenFolder(attributes & _LASTING, is_subscribed, int(validity[0] or 0), tuple(messages))


def _message(head: bytes, body: bytes) -> SeenMessage:
    found = _FETCHED.search(head)
    if found is None:
        raise ValueError(f"not what was asked for: {head!r}")
    return SeenMessage(
        uid=int(found["uid"]),
        digest=sha256(body).hexdigest(),
        size=int(found["size"]),
        flags=frozenset(found["flags"].decode().split()) - {"\\Recent"},
        internal_date=datetime.strptime(found["date"].decode().strip(), "%d-%b-%Y %H:%M:%S %z").astimezone(UTC),
    )

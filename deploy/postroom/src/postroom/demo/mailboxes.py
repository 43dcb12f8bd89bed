"""Fill a mailbox over IMAP, leaving alone what an earlier start has put there."""

import base64
import contextlib
import imaplib
import re
from collections.abc import Iterable, Sequence

from postroom.demo.letters import Letter

TIMEOUT_S = 30
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]+>)", re.IGNORECASE | re.MULTILINE)


def fill(port: int, *, address: str, password: str, folders: Sequence[str], letters: Iterable[Letter]) -> None:
    """Have all *folders*, subscribed, and each letter once in its folder.

    Args:
        port: Of the IMAP server on 127.0.0.1, which separates levels by "/".
        address: Signs in.
        password: Of the address.
        folders: Parents first.
        letters: In any order.

    Raises:
        imaplib.IMAP4.error: The server refused something.
    """
    with imaplib.IMAP4("127.0.0.1", port, timeout=TIMEOUT_S) as server:
        server.login(address, password)
        wanted: dict[str, list[Letter]] = {name: [] for name in folders}
        for letter in letters:
            wanted[letter.folder].append(letter)
        for name, messages in wanted.items():
            _fill_folder(server, _quoted(name), messages)


def _fill_folder(server: imaplib.IMAP4, folder: str, letters: Sequence[Letter]) -> None:
    if folder != '"INBOX"':
        server.create(folder)  # refused when it is there
    server.subscribe(folder)
    present = _present(server, folder) if letters else set()
    for letter in letters:
        if letter.message_id.encode() not in present:
            at = imaplib.Time2Internaldate(letter.at)
            status, answer = server.append(folder, f"({' '.join(letter.flags)})", at, letter.content)
            if status != "OK":
                raise server.error(f"{folder}: {answer!r}")


def _present(server: imaplib.IMAP4, folder: str) -> set[bytes]:
    status, count = server.select(folder, readonly=True)
    if status != "OK":
        raise server.error(f"{folder}: {count!r}")
    found: set[bytes] = set()
    if int(count[0] or 0):
        _, parts = server.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")
        headers = [part[1] for part in parts if isinstance(part, tuple)]
        found = {match[1] for header in headers if (match := _MESSAGE_ID.search(header))}
    with contextlib.suppress(imaplib.IMAP4.error):
        server.unselect()
    return found


def _quoted(name: str) -> str:
    """Return a folder's name as IMAP wants it: modified UTF-7 (RFC 3501 §5.1.3), in quotes."""
    encoded = re.sub(r"[^\x20-\x7e]+", _shifted, name.replace("&", "&-"))
    escaped = encoded.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _shifted(run: re.Match[str]) -> str:
    return "&" + base64.b64encode(run[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"

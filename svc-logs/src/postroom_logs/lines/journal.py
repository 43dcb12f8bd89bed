"""Entries of systemd's journal as JSON, one a line (`journalctl -o json`)."""

import json
from typing import NamedTuple


class Entry(NamedTuple):
    """A line whose header was read: when, on which host, by which program, and the text."""

    at_us: int
    host: str
    program: str
    text: str


def read_entry(line: str) -> Entry:
    """Read one entry.

    Source: systemd.journal-fields(7): a field is a string, or numbers when it is not UTF-8.

    Raises:
        ValueError: It is no journal entry.
    """
    try:
        fields = json.loads(line)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(fields, dict):
        raise ValueError("no object")  # noqa: TRY004 - a malformed line, not a caller's mistake
    return Entry(
        at_us=int(_text(fields.get("__REALTIME_TIMESTAMP"))),
        host=_text(fields.get("_HOSTNAME")),
        program=_text(fields.get("SYSLOG_IDENTIFIER", fields.get("_COMM"))),
        text=_text(fields.get("MESSAGE")),
    )


def _text(field: object) -> str:
    if isinstance(field, str):
        return field if field.isascii() else field.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(field, list) and all(isinstance(octet, int) and 0 <= octet <= 255 for octet in field):
        return bytes(field).decode("utf-8", "backslashreplace")
    return ""

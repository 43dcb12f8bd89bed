"""A search as a file: CSV (RFC 4180) or one JSON object a line."""

import csv
import io
from collections.abc import Iterable
from typing import Final

from postroom_logs.deliveries.domain import Entry, ExportFormat
from postroom_logs.deliveries.schemas import EntryRead

_COLUMNS: Final = (
    "at",
    "last_at",
    "direction",
    "address",
    "counterparty",
    "sender",
    "recipient",
    "original_recipient",
    "status",
    "reason",
    "answer",
    "dsn",
    "relay",
    "attempts",
    "message_id",
    "queue_id",
    "size_bytes",
    "folder",
    "spam_score",
    "id",
)
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make spreadsheets compute a cell (OWASP, CSV Injection)."""


MEDIA_TYPES: Final = {ExportFormat.CSV: "text/csv; charset=utf-8", ExportFormat.NDJSON: "application/x-ndjson"}


def header(form: ExportFormat) -> str:
    """Return what stands before the first entry."""
    return ",".join(_COLUMNS) + "\r\n" if form is ExportFormat.CSV else ""


def written(entries: Iterable[Entry], *, form: ExportFormat, language: str) -> str:
    """Return entries as text."""
    shown = (EntryRead.of(entry, language=language) for entry in entries)
    if form is ExportFormat.NDJSON:
        return "".join(f"{entry.model_dump_json()}\n" for entry in shown)
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for entry in shown:
        values = entry.model_dump(mode="json") | {"reason": entry.reason.text}
        writer.writerow([_cell(values[name]) for name in _COLUMNS])
    return buffer.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(_DANGEROUS):
        return f"'{value}"
    return "" if value is None else value

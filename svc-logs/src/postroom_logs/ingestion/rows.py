"""A view as a row of table `delivery`, in the order of `COLUMNS`, ready for COPY."""

from typing import Any, Final

from pydantic_core import to_json

from postroom_logs.ingestion.views import View
from postroom_logs.lines.moments import moment_of

COLUMNS: Final = (
    "at",
    "id",
    "organisation_id",
    "address",
    "direction",
    "status",
    "counterparty",
    "first_at",
    "last_at",
    "message",
    "parent",
    "host",
    "queue_id",
    "queue_ids",
    "sender",
    "recipient",
    "original_recipient",
    "message_id",
    "size_bytes",
    "dsn",
    "relay",
    "answer",
    "reason",
    "reason_parameters",
    "attempts",
    "notes",
    "login",
    "client_name",
    "client_address",
    "folder",
    "forwarded_to",
    "answered",
    "spam_score",
    "spam_action",
)


def row_of(view: View) -> tuple[Any, ...]:
    """Return the values of `COLUMNS`; PostgreSQL's text has no NUL, so it is left out."""
    it = view.delivery
    scan = it.scan
    values = (
        view.at,
        view.id,
        view.owner.organisation_id,
        view.owner.address,
        view.direction.value,
        it.status.value,
        view.counterparty,
        moment_of(it.first_us),
        moment_of(it.last_us),
        view.message,
        view.parent,
        it.host,
        it.queue_id,
        _json(it.queue_ids),
        it.sender,
        it.recipient,
        it.original_recipient,
        it.message_id,
        it.size_bytes,
        it.dsn,
        it.relay,
        it.text,
        view.reason.key.value,
        _json(view.reason.parameters),
        _json([[attempt.at_us, *attempt.said] for attempt in it.attempts]),
        _json(it.notes),
        it.login,
        it.client_name,
        it.client_address,
        it.folder,
        _json(it.forwarded_to),
        it.answered,
        scan.score if scan else None,
        scan.action if scan else None,
    )
    return tuple(value.replace("\0", "") if isinstance(value, str) and "\0" in value else value for value in values)


def _json(value: Any) -> str:
    if not value:
        return "{}" if isinstance(value, dict) else "[]"
    return to_json(value).decode().replace("\\u0000", "")

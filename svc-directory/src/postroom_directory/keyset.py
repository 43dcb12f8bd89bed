"""Conditions of keyset pages: what comes after the last row of the page before."""

from uuid import UUID

from sqlalchemy import ColumnElement, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from postroom_shared.http.pages import BadCursorError, decode_cursor


def after_text(
    cursor: str | None, text: InstrumentedAttribute[str], row_id: InstrumentedAttribute[UUID]
) -> list[ColumnElement[bool]]:
    """Return the condition for a list in the order of *text*, then *row_id*; none on the first page.

    Raises:
        BadCursorError: The cursor belongs to another list.
    """
    if cursor is None:
        return []
    last_text, last_id = decode_cursor(cursor, width=2)
    if not isinstance(last_text, str) or "\x00" in last_text:
        raise BadCursorError
    return [tuple_(text, row_id) > tuple_(literal(last_text), literal(_uuid(last_id)))]


def after_id(cursor: str | None, row_id: InstrumentedAttribute[UUID]) -> list[ColumnElement[bool]]:
    """Return the condition for a list in the order of *row_id*; none on the first page.

    Raises:
        BadCursorError: The cursor belongs to another list.
    """
    return [] if cursor is None else [row_id > _uuid(decode_cursor(cursor, width=1)[0])]


def _uuid(text: object) -> UUID:
    try:
        return UUID(str(text))
    except ValueError as error:
        raise BadCursorError from error

"""Keyset pages: `{"items": [...], "next": "<cursor>" | null}`; never OFFSET, never a total."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from postroom_shared.errors import PayloadError

T = TypeVar("T")

MAX_LIMIT = 200
DEFAULT_LIMIT = 50


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    next: str | None = Field(description="Give it back as `cursor` to get the next page; null on the last one.")


class PageQuery(BaseModel):
    """Paging parameters; a route's filters derive from it, so that an unknown parameter is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Items on a page.")] = DEFAULT_LIMIT
    cursor: Annotated[str | None, Field(max_length=1024, description="The `next` of the page before.")] = None


Paging = Annotated[PageQuery, Query()]


class BadCursorError(PayloadError):
    """The cursor was not made by this list."""

    slug = "shared/bad-cursor"
    title = "This cursor does not belong to this list"


def encode_cursor(*key: Any) -> str:
    """Return the opaque cursor after the row with this sort key; values are JSON or have a text form."""
    return base64.urlsafe_b64encode(json.dumps(key, default=str, separators=(",", ":")).encode()).rstrip(b"=").decode()


def decode_cursor(cursor: str, *, width: int) -> list[Any]:
    """Return the sort key in *cursor*.

    Raises:
        BadCursorError: It cannot be read, or has not *width* scalar parts.
    """
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
    except (binascii.Error, UnicodeError, ValueError, RecursionError) as error:
        raise BadCursorError from error
    if not isinstance(key, list) or len(key) != width or any(isinstance(part, dict | list) for part in key):
        raise BadCursorError
    return key


def page_of(rows: Sequence[T], *, limit: int, key: Any) -> Page[T]:
    """Return the page of *rows*, of which `limit + 1` were asked for.

    Args:
        rows: In list order; one more than the limit when there is a next page.
        limit: Items on a page.
        key: Function from an item to the tuple its cursor is made of.
    """
    items = list(rows[:limit])
    return Page(items=items, next=encode_cursor(*key(items[-1])) if len(rows) > limit else None)

"""Versions: `ETag` on reading, `If-Match` on changing, so that nobody overwrites what they have not seen."""

from typing import Annotated

from fastapi import Depends, Header, Response

from postroom_shared.errors import PreconditionFailedError, PreconditionRequiredError


def set_etag(response: Response, version: int) -> None:
    """Give *response* the entity tag of *version* (RFC 9110 §8.8.3)."""
    response.headers["ETag"] = f'"{version}"'


def _if_match(
    if_match: Annotated[str | None, Header(description='The `ETag` you read, such as `"3"`.', max_length=64)] = None,
) -> int:
    if if_match is None:
        raise PreconditionRequiredError
    tag = if_match.strip().strip('"')
    if not tag.isascii() or not tag.isdigit():
        raise PreconditionFailedError
    return int(tag)


IfMatch = Annotated[int, Depends(_if_match)]
"""The version the client changes; missing is 428, unreadable is 412."""


def check_version(*, wanted: int, present: int) -> None:
    """Refuse a change that is based on another version than the present one."""
    if wanted != present:
        raise PreconditionFailedError

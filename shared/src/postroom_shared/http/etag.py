"""Versions: `ETag` on reading, `If-Match` on changing, so that nobody overwrites what they have not seen."""

from typing import Annotated

from fastapi import Depends, Header, Response

from postroom_shared.errors import PreconditionFailedError, PreconditionRequiredError


def set_etag(response: Response, version: int) -> None:
    """Give *response* the entity tag of *version* (RFC 9110 §8.8.3)."""
    response.headers["ETag"] = f'"{version}"'


_VERSION_TAG = Header(description='The `ETag` you read, such as `"3"`.', pattern=r'^"[0-9]{1,18}"$')


def _if_match(if_match: Annotated[str | None, _VERSION_TAG] = None) -> int:
    if if_match is None:
        raise PreconditionRequiredError
    return int(if_match.strip('"'))


IfMatch = Annotated[int, Depends(_if_match)]
"""The version the client changes; missing is 428, unreadable is 422."""


def check_version(*, wanted: int, present: int) -> None:
    """Refuse a change that is based on another version than the present one."""
    if wanted != present:
        raise PreconditionFailedError

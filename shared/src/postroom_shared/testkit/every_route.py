"""Ask every route that a service documents in one and the same way, so that no new route can be forgotten."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import httpx

from postroom_shared.http.self_description import DOCUMENT_PATH
from postroom_shared.principal import Role
from postroom_shared.testkit.services import RunningService, somebody
from postroom_shared.values import uuid7

METHODS = ("get", "put", "post", "patch", "delete")


async def routes_open_to_anybody(service: RunningService) -> dict[str, int]:
    """Return what each route answers to nobody, by method and path, where that is not 401."""
    answers = await answers_of_every_route(service.client, {})
    return {route: status for route, status in answers.items() if status != HTTPStatus.UNAUTHORIZED}


async def routes_open_without_scope(service: RunningService) -> dict[str, int]:
    """Return what each route answers to an owner and operator without any scope, where that is not 403."""
    powerless = somebody(Role.OWNER, operator=True, scopes=frozenset())
    answers = await answers_of_every_route(service.client, service.as_person(powerless))
    return {route: status for route, status in answers.items() if status != HTTPStatus.FORBIDDEN}


async def answers_of_every_route(
    client: httpx.AsyncClient,
    headers: Mapping[str, str],
    *,
    document_path: str = DOCUMENT_PATH,
    prefixes: tuple[str, ...] = ("/",),
) -> dict[str, int]:
    """Return the status of each route that needs a sign-in, by method and path.

    Args:
        client: Of the service.
        headers: Of the caller.
        document_path: Where its OpenAPI document is.
        prefixes: Of the paths to ask.

    Raises:
        LookupError: There is no such route, so that whoever asks has proved nothing.
    """
    document = (await client.get(document_path)).raise_for_status().json()
    answers = {
        f"{method.upper()} {path}": (await client.request(method, _with_ids(path), headers=headers)).status_code
        for path, method, operation in _operations(document)
        if operation.get("security") and path.startswith(prefixes)
    }
    if not answers:
        raise LookupError(f"{document_path} has no route below {prefixes} that needs a sign-in")
    return answers


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _with_ids(path: str) -> str:
    """Put an id that nothing has in the place of each parameter."""
    return "/".join(f"{uuid7()}{part.partition('}')[2]}" if part.startswith("{") else part for part in path.split("/"))

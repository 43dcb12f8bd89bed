"""The OpenAPI document of one service: camelCase operationIds, every refusal under its right media type."""

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from postroom_shared.errors import ForbiddenError, PayloadError, ProblemError, UnauthenticatedError
from postroom_shared.http.idempotency import AnswerLostError, IdempotencyKeyReusedError
from postroom_shared.http.identity import MissingScopeError, NoOrganisationError
from postroom_shared.http.pages import BadCursorError
from postroom_shared.http.problem import (
    PROBLEM_JSON,
    BodyTooLargeError,
    Problem,
    UnreadableBodyError,
    problem_responses,
)

_UNSAFE = frozenset({"post", "put", "patch", "delete"})

IDEMPOTENCY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and request again within 24 hours give the first answer and no second effect.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


def operation_id(route: APIRoute) -> str:
    """Return the route function's name in camelCase: `request_copy` becomes `requestCopy`."""
    first, *rest = route.name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in document.get("paths", {}).values():
        yield from item.items()


def _implied_problems(operation: dict[str, Any]) -> list[type[ProblemError]]:
    implied: list[type[ProblemError]] = [PayloadError]
    if operation.get("security"):
        implied += [UnauthenticatedError, ForbiddenError, MissingScopeError, NoOrganisationError]
    if any(each["name"] == "cursor" for each in operation.get("parameters", ())):
        implied.append(BadCursorError)
    if "requestBody" in operation:
        implied += [UnreadableBodyError, BodyTooLargeError]
    return implied


def add_refusals(operation: dict[str, Any], problems: Iterable[type[ProblemError]]) -> None:
    """List *problems* among the answers of *operation*, beside those that it lists already."""
    responses = operation.setdefault("responses", {})
    for status, answer in problem_responses(*problems).items():
        known = responses.setdefault(str(status), answer)
        media = known.setdefault("content", {}).setdefault(PROBLEM_JSON, answer["content"][PROBLEM_JSON])
        examples = media.get("examples", {}) | answer["content"][PROBLEM_JSON]["examples"]
        media["examples"] = dict(sorted(examples.items()))
    operation["responses"] = dict(sorted(responses.items()))


def _require_version(operation: dict[str, Any]) -> None:
    """Say that `If-Match` must be there; for FastAPI it may be missing, so that the answer is 428 and not 422."""
    for parameter in operation.get("parameters", ()):
        if parameter["name"] == "if-match":
            text = next(each for each in parameter["schema"]["anyOf"] if each["type"] == "string")
            parameter |= {"name": "If-Match", "required": True, "schema": text}


def _complete(method: str, operation: dict[str, Any], *, keeps_answers: bool) -> None:
    responses = operation.setdefault("responses", {})
    if "HTTPValidationError" in str(responses.get("422")):
        del responses["422"]
    add_refusals(operation, _implied_problems(operation))
    _require_version(operation)
    if keeps_answers and method in _UNSAFE and operation.get("security"):
        operation.setdefault("parameters", []).append(IDEMPOTENCY_PARAMETER)
        add_refusals(operation, [IdempotencyKeyReusedError, AnswerLostError])


def service_openapi(app: FastAPI, *, keeps_answers: bool = True) -> dict[str, Any]:
    """Return the completed document of *app*, made once.

    Args:
        app: The service.
        keeps_answers: Whether its unsafe routes take an `Idempotency-Key`.
    """
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
            openapi_version="3.1.0",
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        for method, operation in _operations(document):
            _complete(method, operation, keeps_answers=keeps_answers)
        app.openapi_schema = document
    return app.openapi_schema

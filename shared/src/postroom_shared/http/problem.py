"""The one place where a refusal becomes an HTTP answer (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from postroom_shared.errors import TYPE_PREFIX, PayloadError, ProblemError
from postroom_shared.http.json import dump_json

PROBLEM_JSON = "application/problem+json"
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
log = structlog.get_logger()


class Problem(BaseModel):
    """What every answer outside 2xx looks like; further members depend on the type."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:postroom:problem:shared/not-found",
                    "title": "There is no such thing here",
                    "status": 404,
                    "detail": "There is no address with this id.",
                    "request_id": "4bf92f3577b34da6a3ce929d0e0e4736",
                }
            ]
        },
    )

    type: str = Field(description="Stable name of the refusal; clients branch on it.")
    title: str = Field(description="The refusal in a few words.")
    status: int = Field(description="The HTTP status.", ge=400, le=599)
    detail: str | None = Field(None, description="What happened here, for the person who reads it.")
    request_id: str | None = Field(None, description="Name this when you ask for help.")


class UnreadableBodyError(ProblemError):
    """The body is not JSON."""

    slug = "shared/unreadable-body"
    title = "The body is not valid JSON"
    status = HTTPStatus.BAD_REQUEST


class BodyTooLargeError(ProblemError):
    """The body is larger than this API reads."""

    slug = "shared/body-too-large"
    title = "The body is too large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def problem_document(problem: ProblemError, *, request_id: str | None) -> dict[str, Any]:
    """Return the members of *problem* as RFC 9457 §3.1 names them."""
    document = {"type": problem.type_uri(), "title": problem.title, "status": int(problem.status)}
    if problem.detail:
        document["detail"] = problem.detail
    if request_id:
        document["request_id"] = request_id
    return document | problem.extra


def problem_response(
    problem: ProblemError, *, request_id: str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the answer for *problem*."""
    all_headers = dict(headers or {})
    if problem.retry_after_s is not None:
        all_headers["Retry-After"] = str(problem.retry_after_s)
    if problem.status == HTTPStatus.UNAUTHORIZED:
        all_headers.setdefault("WWW-Authenticate", "Bearer")
    body = dump_json(problem_document(problem, request_id=request_id))
    return Response(body, status_code=problem.status, media_type=PROBLEM_JSON, headers=all_headers)


def problem_responses(*problems: type[ProblemError]) -> dict[int | str, dict[str, Any]]:
    """Return the `responses=` of a route that may answer these problems, under the right media type."""
    by_status: dict[int | str, list[type[ProblemError]]] = {}
    for problem in problems:
        by_status.setdefault(int(problem.status), []).append(problem)
    return {
        status: {
            "description": "; ".join(p.title for p in group),
            "content": {
                PROBLEM_JSON: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {
                        p.slug: {"value": {"type": p.type_uri(), "title": p.title, "status": int(p.status)}}
                        for p in group
                    },
                }
            },
        }
        for status, group in by_status.items()
    }


def _request_id(request: Request) -> str | None:
    value = request.scope.get("state", {}).get("request_id")
    return str(value) if value else None


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101 - registered for this type only
    return problem_response(error, request_id=_request_id(request))


def _methods_of_path(request: Request) -> list[str]:
    """Return every method the path answers; Starlette names those of the first route on it only."""
    scope, routes = request.scope, request.app.router.routes
    return [
        method
        for method in _METHODS
        if any(each.matches({**scope, "method": method})[0] is Match.FULL for each in routes)
    ]


async def _on_framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type only
    status = HTTPStatus(error.status_code)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return problem_response(BodyTooLargeError(), request_id=_request_id(request))
    if status == HTTPStatus.BAD_REQUEST:  # FastAPI's only one: the body is not text
        return problem_response(UnreadableBodyError(), request_id=_request_id(request))
    headers = dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods_of_path(request))
    document = {
        "type": f"{TYPE_PREFIX}shared/http-{status.value}",
        "title": status.phrase,
        "status": status.value,
        "request_id": _request_id(request),
    }
    return Response(dump_json(document), status_code=status, media_type=PROBLEM_JSON, headers=headers)


async def _on_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type only
    if any(item["type"] == "json_invalid" for item in error.errors()):
        return problem_response(UnreadableBodyError(), request_id=_request_id(request))
    errors = [
        {"in": str(item["loc"][0]), "field": ".".join(map(str, item["loc"][1:])), "message": item["msg"]}
        for item in error.errors()
    ]
    return problem_response(PayloadError(extra={"errors": errors}), request_id=_request_id(request))


class InternalError(ProblemError):
    """A fault of the suite's own; the log has the trace under the same request id."""

    slug = "shared/internal"
    title = "Something went wrong on our side"
    status = HTTPStatus.INTERNAL_SERVER_ERROR


async def _on_bug(request: Request, error: Exception) -> Response:
    log.error("request.failed", exc_info=error, path=request.url.path)
    return problem_response(InternalError(), request_id=_request_id(request))


def install_problem_handlers(app: FastAPI) -> None:
    """Make *app* answer every refusal as a problem."""
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(HTTPException, _on_framework)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(Exception, _on_bug)

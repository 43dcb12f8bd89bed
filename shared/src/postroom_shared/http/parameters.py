"""An unknown query parameter is a 422: a misspelt filter must not silently return everything."""

from functools import lru_cache
from typing import Any

from fastapi import FastAPI, Request

from postroom_shared.errors import PayloadError


@lru_cache(maxsize=8)
def _known_parameters(app: FastAPI) -> dict[tuple[str, str], frozenset[str]]:
    known: dict[tuple[str, str], frozenset[str]] = {}
    paths: dict[str, dict[str, Any]] = app.openapi().get("paths", {})
    for path, operations in paths.items():
        for method, operation in operations.items():
            names = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"]
            known[method.upper(), path] = frozenset(names)
    return known


async def refuse_unknown_parameters(request: Request) -> None:
    """Refuse query parameters that the route does not declare.

    Raises:
        PayloadError: At least one is unknown.
    """
    known = _known_parameters(request.app).get((request.method, request.scope["route"].path))
    unknown = sorted(set(request.query_params) - known) if known is not None else []
    if unknown:
        raise PayloadError(
            extra={"errors": [{"in": "query", "field": name, "message": "Unknown parameter"} for name in unknown]}
        )

"""A service's own OpenAPI document, for the gateway, which makes one of all."""

import json
from hashlib import sha256

from fastapi import APIRouter, Request
from starlette.responses import Response

DOCUMENT_PATH = "/internal/openapi.json"

router = APIRouter(include_in_schema=False)


@router.get(DOCUMENT_PATH)
async def describe(request: Request) -> Response:
    """Return the document; it is public through the gateway, so nobody has to say who they are."""
    body = json.dumps(request.app.openapi(), ensure_ascii=False, separators=(",", ":")).encode()
    etag = f'"{sha256(body).hexdigest()[:32]}"'
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers={"ETag": etag})
    return Response(body, media_type="application/json", headers={"ETag": etag})

"""`/openapi.json` and the page that shows it, from our own origin and under a strict policy."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from postroom_gateway.dependencies import GatewayParts
from postroom_gateway.documentation.swagger_ui import PAGE, PAGE_POLICY, asset

router = APIRouter(include_in_schema=False)

ASSET_AGE_S = 3600


@router.get("/")
async def go_to_documentation() -> Response:
    """Send a visitor to the page; the console takes this place once it is there."""
    return RedirectResponse("/docs")


@router.get("/openapi.json")
async def openapi_document(request: Request, gateway: GatewayParts) -> Response:
    """Return the OpenAPI document of the suite."""
    published = gateway.documents.published(request.app.openapi(), session_cookie=gateway.cookies.access)
    headers = {"ETag": published.etag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == published.etag:
        return Response(status_code=304, headers=headers)
    return Response(published.body, media_type="application/json", headers=headers)


@router.get("/docs")
async def documentation_page() -> Response:
    """Return the page; its script and style are files of ours, so that no inline code is needed."""
    return Response(PAGE, media_type="text/html", headers={"Content-Security-Policy": PAGE_POLICY})


@router.get("/docs/{name}")
async def documentation_asset(name: str) -> Response:
    """Return one of the page's files.

    Raises:
        NothingHereError: There is no such file.
    """
    file = asset(name)
    headers = {"Cache-Control": f"public, max-age={ASSET_AGE_S}"}
    return Response(file.content, media_type=file.media_type, headers=headers)

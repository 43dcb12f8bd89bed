"""`/livez` (the process answers), `/readyz` (so do the things it needs), `/metrics` (Prometheus)."""

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, Response

router = APIRouter(include_in_schema=False)


@router.get("/livez")
async def live() -> dict[str, str]:
    """Answer without asking anything else."""
    return {"status": "ok"}


@router.get("/readyz")
async def ready(request: Request) -> Response:
    """Answer 200 when every check passes, else 503 with the name of each that does not."""
    checks: dict[str, bool] = await request.app.state.runtime.readiness()
    return JSONResponse(
        {"status": "ok" if all(checks.values()) else "unavailable", "checks": checks},
        status_code=200 if all(checks.values()) else 503,
    )


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Return the measures of this process."""
    return Response(generate_latest(request.app.state.runtime.metrics), media_type=CONTENT_TYPE_LATEST)

"""One application shape for every service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import APIRouter, Depends, FastAPI, Request
from prometheus_client import CollectorRegistry
from starlette.responses import Response
from starlette.types import ASGIApp

from postroom_shared.background import Task, running
from postroom_shared.http import health, self_description
from postroom_shared.http.idempotency import IdempotencyMiddleware, StoredAnswer, forgetting_keys
from postroom_shared.http.limits import BodyLimitMiddleware
from postroom_shared.http.openapi import operation_id, service_openapi
from postroom_shared.http.parameters import refuse_unknown_parameters
from postroom_shared.http.problem import install_problem_handlers
from postroom_shared.http.telemetry import HttpMetrics, TelemetryMiddleware
from postroom_shared.service import Runtime, S, ServiceDefinition, open_runtime
from postroom_shared.tracing import tracer


async def _answer_again(_request: Request, stored: Exception) -> Response:
    assert isinstance(stored, StoredAnswer)  # noqa: S101 - registered for this type only
    return Response(stored.body, status_code=stored.status, headers=stored.headers)


def build_api(definition: ServiceDefinition[S], routers: list[APIRouter] | None = None) -> FastAPI:
    """Return the FastAPI application with the service's routes and no resources: enough for its OpenAPI document."""
    app = FastAPI(
        title=definition.title,
        version=version("postroom-shared"),
        openapi_tags=[{"name": name, "description": text} for name, text in definition.tags.items()],
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=operation_id,
        dependencies=[Depends(refuse_unknown_parameters)],
        redirect_slashes=False,
    )
    install_problem_handlers(app)
    app.add_exception_handler(StoredAnswer, _answer_again)
    for router in definition.routers if routers is None else routers:
        app.include_router(router)
    app.include_router(health.router)
    app.include_router(self_description.router)
    keeps_answers = not definition.at_the_border  # what the gateway answers holds secrets
    app.openapi = lambda: service_openapi(app, keeps_answers=keeps_answers)  # type: ignore[method-assign] # FastAPI documents this way to change it
    return app


def _serve_tasks(definition: ServiceDefinition[S], runtime: Runtime[S]) -> list[Task]:
    readers = [runtime.reading(consumer) for consumer in definition.consumers(runtime)]
    forgetting = forgetting_keys(runtime.sessions, stopping=runtime.stopping)
    return [runtime.relaying(), forgetting, *runtime.copying_directory(), *readers, *definition.serve_tasks(runtime)]


def create_app(definition: ServiceDefinition[S], settings: S, *, work: bool = False) -> ASGIApp:
    """Return the whole process as an ASGI application.

    Args:
        definition: The service.
        settings: Of this process.
        work: Run the service's workers, with health routes only, instead of its API.
    """
    app = build_api(definition, [] if work else None)
    registry = CollectorRegistry()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_runtime(definition, settings, metrics=registry) as runtime:
            app.state.runtime = runtime
            tasks = definition.work_tasks(runtime) if work else _serve_tasks(definition, runtime)
            tasks = [runtime.connecting(), *tasks]
            async with running(tasks, stopping=runtime.stopping, grace_s=settings.shutdown_grace_s):
                yield

    app.router.lifespan_context = lifespan
    app.add_middleware(IdempotencyMiddleware)
    app.add_middleware(BodyLimitMiddleware)
    inner: ASGIApp = app if work else definition.wrap(app, settings)
    return TelemetryMiddleware(
        inner,
        metrics=HttpMetrics(registry),
        tracer=tracer(definition.manifest.name),
        continues_traces=not definition.at_the_border,
    )

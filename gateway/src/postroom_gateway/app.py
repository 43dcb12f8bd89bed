"""Composition root: the only module that knows all the parts of the gateway."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import FastAPI
from starlette.types import ASGIApp

from postroom_gateway.api_tokens.router import router as api_tokens
from postroom_gateway.border.front_door import FrontDoor
from postroom_gateway.documentation.router import router as documentation
from postroom_gateway.keys.router import router as keys
from postroom_gateway.manifest import MANIFEST
from postroom_gateway.person_rows import transaction_of_gateway
from postroom_gateway.resources import Gateway, open_gateway
from postroom_gateway.sessions.router import router as sessions
from postroom_gateway.sessions.service import sweep_sessions
from postroom_gateway.settings import GatewaySettings
from postroom_shared.background import Task, pause
from postroom_shared.events.waiting import first_of
from postroom_shared.service import Runtime, ServiceDefinition

SWEEP_EVERY_S = 60.0
SWEEP_REST_S = 1.0
MISSING_DOCUMENTS_AGAIN_S = 1.0


def _put_door_in_front(app: ASGIApp, settings: GatewaySettings) -> ASGIApp:
    assert isinstance(app, FastAPI)  # noqa: S101 - the floor passes its application
    return FrontDoor(app, settings)


@asynccontextmanager
async def _resources(runtime: Runtime[GatewaySettings]) -> AsyncIterator[None]:
    async with open_gateway(runtime):
        with Gateway.of(runtime).draining.on_signals():
            yield


def _tasks(runtime: Runtime[GatewaySettings]) -> Sequence[Task]:
    gateway, stopping = Gateway.of(runtime), runtime.stopping

    async def sweep() -> None:
        while not stopping.is_set():
            gateway.changes.happened.clear()
            async with transaction_of_gateway(gateway.sessions) as session:
                await sweep_sessions(session, policy=gateway.policy, now=datetime.now(UTC))
            await pause(stopping, SWEEP_REST_S)
            await first_of(gateway.changes.happened, stopping, timeout_s=SWEEP_EVERY_S)

    async def refresh_documents() -> None:
        while not stopping.is_set():
            complete = await gateway.documents.refresh()
            await pause(stopping, gateway.settings.documents_refresh_s if complete else MISSING_DOCUMENTS_AGAIN_S)

    return [
        ("identity changes", lambda: gateway.changes.listen(stopping)),
        ("session sweep", sweep),
        ("OpenAPI documents", refresh_documents),
    ]


SERVICE = ServiceDefinition(
    manifest=MANIFEST,
    settings_type=GatewaySettings,
    title="Postroom gateway",
    routers=(sessions, api_tokens, keys, documentation),
    tags={
        "session": "Sign in and out, stay signed in, choose the organisation to act in, see one's other sessions.",
        "API tokens": "Personal tokens for programs: each for one organisation and a few scopes.",
        "keys": "Public keys that verify what the gateway signs.",
    },
    serve_tasks=_tasks,
    resources=_resources,
    wrap=_put_door_in_front,
    at_the_border=True,
)

"""A service of the suite at work in the test's own process, on real PostgreSQL and NATS, with callers of every kind."""

import asyncio
import base64
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import uvicorn
from joserfc.jwk import OKPKey
from starlette.types import ASGIApp, Message

from postroom_shared.http.app import create_app
from postroom_shared.identity import TokenSigner, generate_key, public_jwks
from postroom_shared.identity.keys import GATEWAY
from postroom_shared.localservers.ports import LOOPBACK, free_port
from postroom_shared.principal import ALL_SCOPES, PersonPrincipal, Role
from postroom_shared.service import Runtime, S, ServiceDefinition
from postroom_shared.testkit.databases import TestDatabase
from postroom_shared.testkit.nats import TestNats
from postroom_shared.testkit.route_ledger import bearer_of, ledger_hooks
from postroom_shared.values import uuid7


class TestIdentity:
    """Keys of all services of a test, and tokens made with them.

    Args:
        folder: Where the key files are written.
        services: Who may sign.
    """

    __test__ = False

    def __init__(self, folder: Path, *services: str) -> None:
        self.keys: dict[str, OKPKey] = {name: generate_key() for name in {GATEWAY, *services}}
        self.trusted_keys_file = folder / "trusted-keys.json"
        self.trusted_keys_file.write_text(json.dumps({name: public_jwks(key) for name, key in self.keys.items()}))
        self.master_keys_file = folder / "master-keys.json"
        key = base64.b64encode(secrets.token_bytes(32)).decode()
        self.master_keys_file.write_text(json.dumps({"current": "k1", "keys": {"k1": key}}))

    def as_person(self, caller: PersonPrincipal, *, audience: str) -> dict[str, str]:
        """Return the headers with which the gateway would pass *caller*'s request on."""
        token = TokenSigner(GATEWAY, self.keys[GATEWAY]).for_person(caller, audience=audience)
        return {"Authorization": f"Bearer {token}"}

    def as_service(self, name: str, *, audience: str, on_behalf: PersonPrincipal | None = None) -> dict[str, str]:
        """Return the headers of a call of the service *name*."""
        token = TokenSigner(name, self.keys[name]).for_service(audience=audience, on_behalf=on_behalf)
        return {"Authorization": f"Bearer {token}"}


def somebody(
    role: Role | None = Role.ADMINISTRATOR,
    *,
    organisation_id: UUID | None = None,
    person_id: UUID | None = None,
    scopes: frozenset[str] = frozenset({ALL_SCOPES}),
    operator: bool = False,
) -> PersonPrincipal:
    """Return a signed-in person; a fresh one of a fresh organisation unless told otherwise."""
    return PersonPrincipal(
        person_id=person_id or uuid7(),
        organisation_id=(organisation_id or uuid7()) if role else None,
        role=role,
        scopes=scopes,
        operator=operator,
        session_id=uuid7(),
    )


@dataclass(frozen=True, kw_only=True)
class RunningService:
    """A started service, an HTTP client that reaches it, and who may call it."""

    app: ASGIApp
    client: httpx.AsyncClient
    runtime: Runtime[Any]
    identity: TestIdentity

    def as_person(self, caller: PersonPrincipal) -> dict[str, str]:
        """Return the headers of a request of *caller*."""
        return self.identity.as_person(caller, audience=self.runtime.manifest.name)

    def as_service(self, name: str, *, on_behalf: PersonPrincipal | None = None) -> dict[str, str]:
        """Return the headers of a request of another service."""
        return self.identity.as_service(name, audience=self.runtime.manifest.name, on_behalf=on_behalf)


@asynccontextmanager
async def running_service(
    definition: ServiceDefinition[S],
    *,
    database: TestDatabase,
    nats: TestNats,
    identity: TestIdentity,
    work: bool = False,
    **changes: Any,
) -> AsyncIterator[RunningService]:
    """Start *definition* as `serve` (or `work`) does, without a socket; stop it at the end.

    Args:
        definition: The service.
        database: Its schema is migrated.
        nats: Where its events go.
        identity: Must hold a key of the service's own name.
        work: Run its workers instead of its API.
        changes: Settings that differ from the test's defaults.
    """
    manifest = definition.manifest
    values: dict[str, Any] = {
        "environment": "development",
        "port": 1,
        "database_url": database.dsn(manifest.schema),
        "nats_url": nats.url,
        "identity_key": json.dumps(identity.keys[manifest.name].as_dict(private=True)),
        "trusted_keys_file": identity.trusted_keys_file,
        "master_keys_file": identity.master_keys_file,
        "shutdown_grace_s": 5,
    }
    app = create_app(definition, definition.settings_type.model_validate(values | changes), work=work)
    async with _lifespan(app) as state_app:
        runtime = state_app.state.runtime
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        hooks = ledger_hooks(manifest.name, who=bearer_of(runtime.verifier))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://test", timeout=30, event_hooks=hooks
        ) as client:
            yield RunningService(app=app, client=client, runtime=runtime, identity=identity)


@asynccontextmanager
async def on_a_socket(service: RunningService) -> AsyncIterator[str]:
    """Let other services reach a started service too; yield its address."""
    port = free_port()
    config = uvicorn.Config(service.app, host=LOOPBACK, port=port, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event to wait for
        await asyncio.sleep(0.005)
    try:
        yield f"http://{LOOPBACK}:{port}"
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def _lifespan(app: ASGIApp) -> AsyncIterator[Any]:
    """Run the application's lifespan in a task of its own, as a server does; yield the FastAPI application inside."""
    to_app: asyncio.Queue[Message] = asyncio.Queue()
    from_app: asyncio.Queue[Message] = asyncio.Queue()
    scope: dict[str, Any] = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}

    async def serve() -> None:
        await app(scope, to_app.get, from_app.put)

    task = asyncio.create_task(serve())
    try:
        await to_app.put({"type": "lifespan.startup"})
        started = await from_app.get()
        if started["type"] != "lifespan.startup.complete":
            raise RuntimeError(started.get("message", "the service did not start"))
        yield scope["app"]
    finally:
        await to_app.put({"type": "lifespan.shutdown"})
        await task

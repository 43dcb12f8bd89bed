"""What a service is made of, and what one running process of it holds.

`ServiceDefinition` is built once in each service's `app.py`; `Runtime` lives from start to stop of a process.
"""

import asyncio
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from fastapi import APIRouter
from prometheus_client import CollectorRegistry, Gauge
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp

from postroom_shared.background import Task
from postroom_shared.database import Sessions, create_engine, session_factory
from postroom_shared.database.revisions import is_current
from postroom_shared.events.consumer import Consumer, ConsumerLoop
from postroom_shared.events.nats_connection import NatsConnection
from postroom_shared.events.relay import Relay
from postroom_shared.identity import TokenSigner, TokenVerifier, TrustedKeys, load_private_key
from postroom_shared.manifest import ServiceManifest
from postroom_shared.projection.client import DirectoryClient
from postroom_shared.projection.events import projection_consumer
from postroom_shared.projection.refresher import Refresher
from postroom_shared.security.sealing import Keyring, Vault
from postroom_shared.settings import ServiceSettings

S = TypeVar("S", bound=ServiceSettings)


@dataclass(kw_only=True)
class Runtime(Generic[S]):
    """The resources of one process. Handlers reach it as `request.app.state.runtime`."""

    manifest: ServiceManifest
    settings: S
    engine: AsyncEngine
    sessions: Sessions
    nats: NatsConnection
    signer: TokenSigner
    verifier: TokenVerifier
    vault: Vault
    metrics: CollectorRegistry
    stopping: asyncio.Event
    resources: dict[str, Any] = field(default_factory=dict)
    """What `ServiceDefinition.resources` opened, by name."""

    async def readiness(self) -> dict[str, bool]:
        """Return each thing this process needs and whether it answers."""
        return {"database": await self._database_ready(), "nats": self.nats.is_connected}

    async def _database_ready(self) -> bool:
        try:
            async with asyncio.timeout(2):
                return await is_current(self.engine, package=self.manifest.package)
        except (SQLAlchemyError, OSError, TimeoutError):
            return False

    def connecting(self) -> Task:
        """The task that connects to NATS; the connection mends itself afterwards."""

        async def connect() -> None:
            if not self.nats.is_connected:
                await self.nats.open(self.settings.nats_url.split(","))
            await self.stopping.wait()

        return "nats", connect

    def relaying(self) -> Task:
        """The task that brings this service's outbox to JetStream."""
        relay = Relay(self.engine, self.nats, self.manifest, replicas=self.settings.stream_replicas)
        Gauge(
            "postroom_outbox_oldest_seconds", "Age of the oldest event that waits.", registry=self.metrics
        ).set_function(lambda: relay.oldest_unpublished_s)
        return "relay", lambda: relay.run(self.stopping)

    def reading(self, consumer: Consumer) -> Task:
        """The task that carries out the events of one consumer."""
        loop = ConsumerLoop(consumer, self.nats, self.sessions, replicas=self.settings.stream_replicas)
        return f"consumer {consumer.durable}", lambda: loop.run(self.stopping)

    def copying_directory(self) -> Sequence[Task]:
        """The tasks that keep the local copy of the directory, in a service that has one."""
        if not self.manifest.projection:
            return ()
        refresher = Refresher(
            engine=self.engine,
            sessions=self.sessions,
            client=lambda: DirectoryClient(self.settings.directory_url, self.signer),
            stopping=self.stopping,
        )
        return self.reading(projection_consumer(self.manifest.name)), ("projection", refresher.run)


@dataclass(frozen=True, kw_only=True)
class Command(Generic[S]):
    """A command of one service's own, beside `serve` and the others of every service.

    Attributes:
        arguments: Declares its options.
        carry_out: Does it and returns the exit status.
    """

    name: str
    help: str
    arguments: Callable[[ArgumentParser], None]
    carry_out: Callable[[S, Namespace], Coroutine[Any, Any, int]]


@dataclass(frozen=True, kw_only=True)
class ServiceDefinition(Generic[S]):
    """One service: what it answers, what it hears, what it does on its own.

    Attributes:
        routers: Public and internal routes.
        consumers: Durable readers of events, run by `serve`.
        serve_tasks: Further background work of `serve`.
        work_tasks: The work of `work`.
        resources: Opens what only this service needs, into `Runtime.resources`.
        commands: Further commands of `postroom-<name>`.
        wrap: Puts pure ASGI parts in front of the FastAPI application (the gateway's proxy).
        tags: What each tag of its routes is about, for the OpenAPI document.
        at_the_border: Requests come from outside: a trace they name is not theirs to continue.
    """

    manifest: ServiceManifest
    settings_type: type[S]
    title: str
    routers: Sequence[APIRouter]
    consumers: Callable[[Runtime[S]], Sequence[Consumer]] = lambda _: ()
    serve_tasks: Callable[[Runtime[S]], Sequence[Task]] = lambda _: ()
    work_tasks: Callable[[Runtime[S]], Sequence[Task]] = lambda _: ()
    resources: Callable[[Runtime[S]], AbstractAsyncContextManager[None]] = lambda _: nullcontext()
    commands: Sequence[Command[S]] = ()
    wrap: Callable[[ASGIApp, S], ASGIApp] = lambda app, _: app
    tags: Mapping[str, str] = field(default_factory=dict)
    at_the_border: bool = False


@asynccontextmanager
async def open_runtime(
    definition: ServiceDefinition[S], settings: S, *, metrics: CollectorRegistry
) -> AsyncIterator[Runtime[S]]:
    """Open the resources of one process; NATS is connected in the background, so that its absence stops nobody."""
    manifest = definition.manifest
    engine = create_engine(
        settings.database_url.get_secret_value(), schema=manifest.schema, application=f"postroom-{manifest.name}"
    )
    key = load_private_key(settings.identity_key.get_secret_value())
    seed = settings.nats_seed.get_secret_value() if settings.nats_seed else None
    nats = NatsConnection(manifest.name, seed=seed)
    runtime = Runtime(
        manifest=manifest,
        settings=settings,
        engine=engine,
        sessions=session_factory(engine),
        nats=nats,
        signer=TokenSigner(manifest.name, key),
        verifier=TokenVerifier(manifest.name, TrustedKeys(settings.trusted_keys_file)),
        vault=Vault(Keyring.from_file(settings.master_keys_file)),
        metrics=metrics,
        stopping=asyncio.Event(),
    )
    try:
        async with definition.resources(runtime):
            yield runtime
    finally:
        await nats.close()
        await engine.dispose()

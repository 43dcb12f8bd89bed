"""Carry out other services' events, each once in effect, in order.

A message is one transaction: the inbox row, the handler's changes and the events it publishes commit together, then the
message is acknowledged. A second delivery finds its inbox row and is only acknowledged. JetStream has one message of a
consumer on its way at a time, over all processes of a service, so a failing one holds up those behind it
until it works or becomes a dead letter.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

import structlog
from nats.aio.msg import Msg
from nats.errors import Error
from nats.js import JetStreamContext
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_shared.database import Sessions, bind_organisation
from postroom_shared.events import cloudevents, repository
from postroom_shared.events.catalogue import read
from postroom_shared.events.cloudevents import Event
from postroom_shared.events.dead_letters import bury
from postroom_shared.events.errors import MalformedEventError
from postroom_shared.events.nats_connection import NatsConnection
from postroom_shared.events.payload import EventPayload
from postroom_shared.events.permissions import CONSUMER_NAMES
from postroom_shared.events.streams import consumer_config, ensure_consumer, ensure_dead_letters
from postroom_shared.events.waiting import first_of, growing_delay_s
from postroom_shared.principal import SystemPrincipal

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Handler: TypeAlias = Callable[[AsyncSession, Event[Any]], Awaitable[None]]

FETCH_TIMEOUT_S = 0.5
"""How long a consumer without work takes to notice that it is to stop."""
CONNECTION_CHECK_S = 0.2
LONGEST_RETRY_S = 600.0
CRASHES_ALLOWED = 20
"""Deliveries beyond `max_tries` that ended without an answer: the message kills the process that takes it."""


@dataclass(frozen=True)
class Consumer:
    """What one service does with the events of one stream.

    Attributes:
        service: Whose consumer it is, `import`.
        stream: The publisher's stream, `POSTROOM_DIRECTORY`.
        name: One of `postroom_shared.events.permissions.CONSUMER_NAMES`.
        handlers: By payload model. A handler runs inside the transaction that holds the inbox row, bound to the event's
            organisation (to everything when the event has none). It must not talk to the network for long.
        max_tries: Failures after which the message becomes a dead letter.
        first_retry_s: Pause after the first failure; each further one is four times as long, `LONGEST_RETRY_S` at most.
        ack_wait_s: A process that falls silent for so long loses its message to another.
    """

    service: str
    stream: str
    name: str
    handlers: Mapping[type[EventPayload], Handler]
    max_tries: int = 8
    first_retry_s: float = 1.0
    ack_wait_s: float = 10.0

    def __post_init__(self) -> None:
        """Refuse a name that the NATS permissions do not foresee.

        Raises:
            ValueError: `name` is not one of `CONSUMER_NAMES`.
        """
        if self.name not in CONSUMER_NAMES:
            raise ValueError(f"the consumer {self.name} is not among CONSUMER_NAMES: NATS would refuse it")

    @property
    def durable(self) -> str:
        """The name of the JetStream consumer, and of the consumer in the inbox."""
        return f"{self.service}-{self.name}"


class ConsumerLoop:
    """A consumer at work in one process.

    Attributes:
        handled: Events whose handler committed.
        duplicates: Events that the inbox knew.
        ignored: Events of a type without handler.
        failed: Handler calls that raised.
        buried: Messages that became dead letters.
        database_away: Whether a message waits here for the database.
    """

    def __init__(self, consumer: Consumer, nats: NatsConnection, sessions: Sessions, *, replicas: int = 1) -> None:
        self._consumer = consumer
        self._nats = nats
        self._sessions = sessions
        self._replicas = replicas
        self._models = {model.event_type: (model, handler) for model, handler in consumer.handlers.items()}
        self.handled = 0
        self.duplicates = 0
        self.ignored = 0
        self.failed = 0
        self.buried = 0
        self.database_away = False

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until *stop*; the message in hand is finished first."""
        failures = 0
        while not stop.is_set():
            if not self._nats.is_connected:
                await first_of(stop, timeout_s=CONNECTION_CHECK_S)
                continue
            try:
                async with self._pulling() as pull:
                    failures = 0
                    while not stop.is_set():
                        if (message := await self._next(pull)) is not None:
                            await self._take(message, stop)
            except Exception as error:  # noqa: BLE001 - the worker loop: whatever it was, events still come
                failures += 1
                self._warn("consumer.failed", error)
                await first_of(stop, timeout_s=growing_delay_s(failures, first_s=0.1, longest_s=10.0))

    @asynccontextmanager
    async def _pulling(self) -> AsyncIterator[JetStreamContext.PullSubscription]:
        jetstream, consumer = self._nats.jetstream, self._consumer
        config = consumer_config(consumer.durable, ack_wait=timedelta(seconds=consumer.ack_wait_s), max_ack_pending=1)
        await ensure_consumer(jetstream, consumer.stream, config)
        await ensure_dead_letters(jetstream, service=consumer.service, replicas=self._replicas)
        pull = await jetstream.pull_subscribe_bind(consumer.durable, consumer.stream)
        try:
            yield pull
        finally:
            with suppress(Error):
                await pull.unsubscribe()

    async def _next(self, pull: JetStreamContext.PullSubscription) -> Msg | None:
        """Return the next message, or None when there was none for `FETCH_TIMEOUT_S`.

        A fetch is never cancelled, not even to stop: a message that has just been delivered would be acknowledged by
        nobody, and everything behind it would wait for `ack_wait_s`.
        """
        with suppress(TimeoutError):
            messages: list[Msg] = await pull.fetch(1, timeout=FETCH_TIMEOUT_S)
            return messages[0] if messages else None
        return None

    async def _take(self, message: Msg, stop: asyncio.Event) -> None:
        """See one message through to an acknowledgement, a later try or its burial."""
        try:
            event = cloudevents.decode(message.headers, message.data, subject=message.subject)
        except MalformedEventError as error:
            await self._bury(message, error)
            return
        with structlog.contextvars.bound_contextvars(**_context(event)):
            async with _kept_alive(message, every_s=self._consumer.ack_wait_s / 3):
                await self._carry_out(message, event, stop)

    async def _carry_out(self, message: Msg, event: Event[dict[str, Any]], stop: asyncio.Event) -> None:
        if event.type not in self._models:
            self.ignored += 1
            await message.ack()
        elif message.metadata.num_delivered > self._consumer.max_tries + CRASHES_ALLOWED:
            await self._bury(message, RuntimeError("every process that took this message died"))
        else:
            await self._try(message, event, stop)

    async def _try(self, message: Msg, event: Event[dict[str, Any]], stop: asyncio.Event) -> None:
        try:
            new = await self._apply(event)
        except Exception as error:  # noqa: BLE001 - the worker loop: a failing handler must not end it
            await self._after_failure(message, error, stop)
            return
        self.handled += new
        self.duplicates += not new
        await message.ack()

    async def _apply(self, event: Event[dict[str, Any]]) -> bool:
        """Run the handler in one transaction; return False when it had been done before."""
        model, handler = self._models[event.type]
        async with self._sessions() as session, session.begin():
            await bind_organisation(session, SystemPrincipal(organisation_id=event.organisation_id))
            if not await repository.remember(session, consumer=self._consumer.durable, event_id=event.id):
                return False
            await handler(session, read(event, model))
        return True

    async def _after_failure(self, message: Msg, error: Exception, stop: asyncio.Event) -> None:
        if not await self._database_answers():
            # Not the handler's fault: no try is counted, and the message waits here.
            self._warn("consumer.database_away", error)
            self.database_away = True
            await self._until_database_answers(stop)
            self.database_away = False
            await message.nak()
            return
        self.failed += 1
        tries = message.metadata.num_delivered
        if tries >= self._consumer.max_tries or isinstance(error, MalformedEventError):
            await self._bury(message, error)
            return
        delay_s = growing_delay_s(tries, first_s=self._consumer.first_retry_s, longest_s=LONGEST_RETRY_S, factor=4.0)
        self._warn("consumer.handler_failed", error, tries=tries, again_in_s=round(delay_s, 1))
        await message.nak(delay=delay_s)

    async def _bury(self, message: Msg, error: Exception) -> None:
        consumer = self._consumer
        await bury(self._nats.jetstream, message, error, service=consumer.service, consumer=consumer.name)
        self.buried += 1
        _log.error("consumer.dead_letter", consumer=consumer.durable, subject=message.subject, exc_info=error)
        await message.term()

    async def _database_answers(self) -> bool:
        try:
            async with self._sessions() as session, session.begin():
                await repository.answers(session)
        except Exception:  # noqa: BLE001 - any failure is the answer
            return False
        return True

    async def _until_database_answers(self, stop: asyncio.Event) -> None:
        attempt = 1
        while not await first_of(stop, timeout_s=growing_delay_s(attempt, first_s=0.1, longest_s=5.0)):
            if await self._database_answers():
                return
            attempt += 1

    def _warn(self, event: str, error: Exception, **fields: object) -> None:
        _log.warning(event, consumer=self._consumer.durable, error=f"{type(error).__name__}: {error}", **fields)


@asynccontextmanager
async def _kept_alive(message: Msg, *, every_s: float) -> AsyncIterator[None]:
    """Tell JetStream again and again that the message is being worked on."""

    async def keep() -> None:
        while True:
            await asyncio.sleep(every_s)
            with suppress(Error):
                await message.in_progress()

    task = asyncio.create_task(keep())
    try:
        yield
    finally:
        task.cancel()


def _context(event: Event[Any]) -> dict[str, str]:
    organisation = {"organisation_id": str(event.organisation_id)} if event.organisation_id else {}
    trace = {"traceparent": event.traceparent} if event.traceparent else {}
    return {"event_id": str(event.id), "event_type": event.type, **organisation, **trace}

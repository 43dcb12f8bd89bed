"""Events between services: committed to an outbox, relayed to NATS JetStream, consumed once in effect.

service ─ publish() ─▶ outbox row ─ commit ─▶ Relay ─▶ JetStream ─▶ ConsumerLoop ─▶ handler + inbox row, one commit
"""

from postroom_shared.events.catalogue import catalogue
from postroom_shared.events.cloudevents import Event
from postroom_shared.events.consumer import Consumer, ConsumerLoop, Handler
from postroom_shared.events.live import LiveThrottle, publish_live, subscribe_live
from postroom_shared.events.nats_connection import NatsConnection, connect
from postroom_shared.events.outbox import publish
from postroom_shared.events.payload import EventPayload
from postroom_shared.events.relay import Relay

__all__ = [
    "Consumer",
    "ConsumerLoop",
    "Event",
    "EventPayload",
    "Handler",
    "LiveThrottle",
    "NatsConnection",
    "Relay",
    "catalogue",
    "connect",
    "publish",
    "publish_live",
    "subscribe_live",
]

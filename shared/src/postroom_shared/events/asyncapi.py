"""The AsyncAPI 3.0 document of all events, made from the payload models. `tools/asyncapi.py` writes it."""

from collections.abc import Iterable
from inspect import getdoc
from typing import Any

from pydantic.json_schema import models_json_schema

from postroom_shared.events.catalogue import catalogue
from postroom_shared.events.payload import EventPayload
from postroom_shared.events.streams import DUPLICATE_WINDOW, RETENTION
from postroom_shared.manifest import ServiceManifest

_SCHEMAS = "#/components/schemas/{model}"

DESCRIPTION = f"""\
What happens in Postroom, as CloudEvents 1.0 in binary mode on NATS JetStream.

**How to connect.** Make an nkey (`nk -gen user`), register its public half as an integrator of your organisation and
connect with the seed. Your NATS user sees the events of your organisation and nothing else; it can publish nothing.

**Catching up.** Each publishing service has one stream. On each of them Postroom keeps a durable pull consumer
`integrator-<your integrator's id>` for you: pull, handle, acknowledge. It keeps your place while you are away.
Streams keep events for {RETENTION.days} days. docs/examples/subscribe_imports.py is a whole subscriber.

**Listening only.** A plain subscription to a subject below gives what is published while you are connected.

**Delivery** is at least once: handle an event once per `ce-id`. JetStream itself drops repetitions of a publisher
within {int(DUPLICATE_WINDOW.total_seconds() // 60)} minutes. Events of one stream come in the publisher's order;
`ce-sequence` grows along it.

**Versions.** A type gets new optional members without a new version: ignore members and `ce-` headers that you do not
know. Any other change is a new type, `…v2`, published beside the old one for one release.
"""


def document(manifests: Iterable[ServiceManifest], *, version: str) -> dict[str, Any]:
    """Return the document, its members in a fixed order.

    Args:
        manifests: The installed services; each publisher in the catalogue must be among them.
        version: Of the suite.

    Raises:
        KeyError: The catalogue has a publisher without a manifest.
    """
    streams = {manifest.name: manifest.stream for manifest in manifests}
    models = list(catalogue().values())
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Postroom events",
            "version": version,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"installation": _server()},
        "channels": {_name(model): _channel(model, streams[model.publisher()]) for model in models},
        "operations": {f"receive{_name(model)}": _operation(model) for model in models},
        "components": {
            "messages": {_name(model): _message(model) for model in models},
            "messageTraits": {"cloudEvent": _cloud_event()},
            "parameters": {"organisation_id": {"description": "The organisation, or `none`."}},
            "schemas": _schemas(models),
            "securitySchemes": {"nkey": {"type": "asymmetricEncryption", "description": "A NATS user nkey (Ed25519)."}},
        },
    }


def _name(model: type[EventPayload]) -> str:
    return model.__name__


def _server() -> dict[str, Any]:
    return {
        "host": "{host}:{port}",
        "protocol": "nats",
        "description": "The NATS server of your Postroom installation; ask its operator.",
        "variables": {"host": {"default": "localhost"}, "port": {"default": "4222"}},
        "security": [{"$ref": "#/components/securitySchemes/nkey"}],
    }


def _channel(model: type[EventPayload], stream: str) -> dict[str, Any]:
    return {
        "address": f"{model.event_type}.{{organisation_id}}",
        "messages": {"event": {"$ref": f"#/components/messages/{_name(model)}"}},
        "parameters": {"organisation_id": {"$ref": "#/components/parameters/organisation_id"}},
        "x-jetstream": {"stream": stream, "retention": f"P{RETENTION.days}D"},
    }


def _operation(model: type[EventPayload]) -> dict[str, Any]:
    channel = f"#/channels/{_name(model)}"
    return {
        "action": "receive",
        "channel": {"$ref": channel},
        "summary": _summary(model),
        "messages": [{"$ref": f"{channel}/messages/event"}],
    }


def _message(model: type[EventPayload]) -> dict[str, Any]:
    return {
        "name": model.event_type,
        "title": _summary(model),
        "summary": f"`ce-subject` is the id of the {model.about}.",
        "contentType": "application/json",
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
        "payload": {"$ref": _SCHEMAS.format(model=_name(model))},
    }


def _cloud_event() -> dict[str, Any]:
    text = {"type": "string"}
    headers = {
        "ce-specversion": {"const": "1.0"},
        "ce-id": {"type": "string", "format": "uuid"},
        "ce-source": {"type": "string", "format": "uri-reference", "examples": ["/postroom/import"]},
        "ce-type": text,
        "ce-time": {"type": "string", "format": "date-time"},
        "ce-subject": {**text, "description": "The thing it is about."},
        "ce-organisationid": {"type": "string", "format": "uuid"},
        "ce-sequence": {**text, "pattern": "^[0-9]+$", "description": "Grows with each event of the publisher."},
        "traceparent": {**text, "description": "W3C trace context of the cause."},
        "Nats-Msg-Id": {**text, "description": "For JetStream only; go by ce-id."},
    }
    required = ["ce-specversion", "ce-id", "ce-source", "ce-type", "ce-time"]
    return {"headers": {"type": "object", "properties": headers, "required": required}}


def _summary(model: type[EventPayload]) -> str:
    return (getdoc(model) or "").partition("\n")[0]


def _schemas(models: list[type[EventPayload]]) -> dict[str, Any]:
    _, top = models_json_schema([(model, "serialization") for model in models], ref_template=_SCHEMAS)
    return {name: _tolerant(schema) for name, schema in sorted(top["$defs"].items())}


def _tolerant(schema: Any) -> Any:
    """Drop what only binds the publisher: readers must accept members they do not know."""
    if isinstance(schema, dict):
        return {
            key: _tolerant(value)
            for key, value in schema.items()
            if not (key == "additionalProperties" and value is False)
        }
    return [_tolerant(item) for item in schema] if isinstance(schema, list) else schema

"""Make one OpenAPI 3.1 document of the services' documents. Pure and deterministic.

A schema that two services define alike is kept once; one that they define differently gets the service's name in front
in both. Two of one name within a service get their feature's name in front. Only public paths come in: those that a
service's manifest claims.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Document: TypeAlias = dict[str, Any]

SCHEMA_PREFIX = "#/components/schemas/"
_MODULE_SEPARATOR = "__"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class DuplicateOperationError(ValueError):
    """Two operations have one `operationId`, or two services one path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDocument:
    """What one service says of itself.

    Attributes:
        name: The service, `import`.
        is_public: Tells whether a path of the document can be reached through the gateway.
    """

    name: str
    document: Document
    is_public: Callable[[str], bool]


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Yield path, method and operation of everything in *document*."""
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def merge(services: Sequence[ServiceDocument], *, frame: Document) -> Document:
    """Return *frame* with the public paths of *services*, their schemas and tags.

    Args:
        services: In the order in which their tags are to be read.
        frame: `openapi`, `info`, `servers`, and `components` that stand as they are.

    Raises:
        DuplicateOperationError: Two operations have one id, or two services one path.
    """
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    tags: dict[str, Document] = {}
    renamed = _new_names(services)
    for service in services:
        own = _renaming(service.document, renamed[service.name])
        for path in sorted(own.get("paths", {})):
            if service.is_public(path):
                if path in paths:
                    raise DuplicateOperationError(f"{path} is answered by two services")
                paths[path] = own["paths"][path]
        schemas |= own.get("components", {}).get("schemas", {})
        tags |= {tag["name"]: tag for tag in own.get("tags", [])}
    merged: Document = {**json.loads(json.dumps(frame)), "tags": list(tags.values()), "paths": paths}
    _refuse_duplicates(merged)
    used = _reachable(merged, schemas)
    merged["components"]["schemas"] = {name: schemas[name] for name in sorted(used)}
    return merged


def _refuse_duplicates(document: Document) -> None:
    seen: dict[str, str] = {}
    for path, method, operation in operations(document):
        place = f"{method.upper()} {path}"
        other = seen.setdefault(operation["operationId"], place)
        if other != place:
            raise DuplicateOperationError(f"{operation['operationId']} is both {other} and {place}")


def _new_names(services: Sequence[ServiceDocument]) -> Mapping[str, Mapping[str, str]]:
    """Return for each service the schemas that need another name."""
    meanings: dict[str, set[str]] = {}
    own: dict[str, dict[str, str]] = {}
    for service in services:
        schemas = service.document.get("components", {}).get("schemas", {})
        own[service.name] = {name: _meaning(name, schemas) for name in schemas}
        for name, meaning in own[service.name].items():
            meanings.setdefault(name, set()).add(meaning)
    return {
        service: {
            name: _prefixed(service, name) if len(meanings[name]) > 1 else _by_feature(name)
            for name in names
            if len(meanings[name]) > 1 or _MODULE_SEPARATOR in name
        }
        for service, names in own.items()
    }


def _prefixed(service: str, name: str) -> str:
    return "".join(word.capitalize() for word in service.split("-")) + name


def _by_feature(name: str) -> str:
    # FastAPI calls the second schema of a name postroom_directory__people__schemas__PasswordChange.
    _, *modules, own = name.split(_MODULE_SEPARATOR)
    return _prefixed(modules[0].replace("_", "-"), own) if modules else own


def _meaning(name: str, schemas: Mapping[str, Any]) -> str:
    """Return a text that is equal for equal schemas, with all that they refer to."""
    wanted = {name} | _reachable(schemas[name], schemas)
    return json.dumps({each: schemas[each] for each in wanted}, sort_keys=True)


def _reachable(root: Any, schemas: Mapping[str, Any]) -> set[str]:
    """Return the names of the schemas that *root* refers to, directly or not."""
    found: set[str] = set()
    waiting = [root]
    while waiting:
        for reference in _references(waiting.pop()):
            if reference in schemas and reference not in found:
                found.add(reference)
                waiting.append(schemas[reference])
    return found


def _references(node: Any) -> Iterable[str]:
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str) and reference.startswith(SCHEMA_PREFIX):
            yield reference.removeprefix(SCHEMA_PREFIX)
        for mapped in _mapping_of(node).values():
            yield mapped.removeprefix(SCHEMA_PREFIX)
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _mapping_of(node: Document) -> dict[str, str]:
    discriminator = node.get("discriminator")
    return discriminator.get("mapping", {}) if isinstance(discriminator, dict) else {}


def _renaming(document: Document, names: Mapping[str, str]) -> Document:
    """Return a copy of *document* in which the schemas *names* are called otherwise, everywhere."""
    copy: Document = json.loads(json.dumps(document))
    schemas = copy.get("components", {}).get("schemas")
    if schemas is not None:
        copy["components"]["schemas"] = {names.get(name, name): schema for name, schema in schemas.items()}
    _rename_references(copy, names)
    return copy


def _rename_references(node: Any, names: Mapping[str, str]) -> None:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            node["$ref"] = _renamed(node["$ref"], names)
        mapping = _mapping_of(node)
        mapping |= {key: _renamed(value, names) for key, value in mapping.items()}
        for value in node.values():
            _rename_references(value, names)
    elif isinstance(node, list):
        for value in node:
            _rename_references(value, names)


def _renamed(reference: str, names: Mapping[str, str]) -> str:
    name = reference.removeprefix(SCHEMA_PREFIX)
    return SCHEMA_PREFIX + names[name] if reference.startswith(SCHEMA_PREFIX) and name in names else reference

"""What a new OpenAPI document takes from clients of the old one. Pure; simple on purpose, and on the safe side."""

from collections.abc import Iterator
from typing import Any

from postroom_gateway.documentation.merging import SCHEMA_PREFIX, Document, operations


def breaking_changes(old: Document, new: Document) -> list[str]:
    """Return what a client written for *old* may fail on with *new*, one sentence each.

    That is: a path, operation, parameter, request field, answer, answer field or enum value that is gone; another
    `operationId` or type; a request field or parameter that is required now; an answer field that may be missing now.
    """
    present = {(path, method): operation for path, method, operation in operations(new)}
    found: list[str] = []
    for path, method, operation in operations(old):
        place = f"{method.upper()} {path}"
        if (path, method) not in present:
            found.append(f"{place} is gone")
        else:
            found += _Comparison(old, new).of_operations(operation, present[path, method], place)
    return found


class _Comparison:
    def __init__(self, old: Document, new: Document) -> None:
        self._old = old
        self._new = new
        self._seen: set[tuple[str, str, bool]] = set()

    def of_operations(self, old: Document, new: Document, place: str) -> Iterator[str]:
        if old["operationId"] != new["operationId"]:
            yield f"{place}: {old['operationId']} is called {new['operationId']} now"
        yield from self._of_parameters(old, new, place)
        yield from self._of_bodies(old.get("requestBody", {}), new.get("requestBody", {}), f"{place}, body")
        for status, answer in old.get("responses", {}).items():
            if not status.startswith("2"):
                continue
            if status not in new.get("responses", {}):
                yield f"{place}: the answer {status} is gone"
            else:
                yield from self._of_contents(
                    answer, new["responses"][status], f"{place}, answer {status}", in_request=False
                )

    def _of_parameters(self, old: Document, new: Document, place: str) -> Iterator[str]:
        before, after = _parameters(old, self._old), _parameters(new, self._new)
        for key, parameter in before.items():
            if key not in after:
                yield f"{place}: the parameter {key[1]} is gone"
            else:
                schemas = parameter.get("schema", {}), after[key].get("schema", {})
                yield from self._of_schemas(*schemas, f"{place}, parameter {key[1]}", in_request=True)
        for key, parameter in after.items():
            if parameter.get("required") and not before.get(key, {}).get("required"):
                yield f"{place}: the parameter {key[1]} is required now"

    def _of_bodies(self, old: Document, new: Document, place: str) -> Iterator[str]:
        if new.get("required") and not old.get("required"):
            yield f"{place} is required now"
        yield from self._of_contents(old, new, place, in_request=True)

    def _of_contents(self, old: Document, new: Document, place: str, *, in_request: bool) -> Iterator[str]:
        for media, content in old.get("content", {}).items():
            if media not in new.get("content", {}):
                yield f"{place}: {media} is gone"
            else:
                schemas = content.get("schema", {}), new["content"][media].get("schema", {})
                yield from self._of_schemas(*schemas, place, in_request=in_request)

    def _of_schemas(self, old: Document, new: Document, place: str, *, in_request: bool) -> Iterator[str]:
        key = (old.get("$ref", ""), new.get("$ref", ""), in_request)
        if key[0] and key in self._seen:
            return
        self._seen.add(key)
        old, new = _resolved(old, self._old), _resolved(new, self._new)
        if old.get("type") != new.get("type") and "type" in old and "type" in new:
            yield f"{place}: {old['type']} is {new['type']} now"
        for value in _enum(old) - _enum(new) if "enum" in new or "const" in new else ():
            yield f"{place}: the value {value} is gone"
        yield from self._of_properties(old, new, place, in_request=in_request)
        if "items" in old and "items" in new:
            yield from self._of_schemas(old["items"], new["items"], f"{place}[]", in_request=in_request)
        for word in ("anyOf", "oneOf", "allOf"):
            for before, after in zip(old.get(word, ()), new.get(word, ()), strict=False):
                yield from self._of_schemas(before, after, place, in_request=in_request)

    def _of_properties(self, old: Document, new: Document, place: str, *, in_request: bool) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, schema in before.items():
            if name not in after:
                yield f"{place}: the field {name} is gone"
            else:
                yield from self._of_schemas(schema, after[name], f"{place}.{name}", in_request=in_request)
        required_before, required_after = set(old.get("required", ())), set(new.get("required", ()))
        if in_request:
            yield from (f"{place}: the field {n} is required now" for n in sorted(required_after - required_before))
        else:
            lost = required_before - required_after
            yield from (f"{place}: the field {n} may be missing now" for n in sorted(lost & set(after)))


def _enum(schema: Document) -> set[str]:
    return {str(value) for value in schema.get("enum", [schema["const"]] if "const" in schema else [])}


def _resolved(node: Document, document: Document) -> Document:
    reference = node.get("$ref")
    if not isinstance(reference, str) or not reference.startswith(SCHEMA_PREFIX):
        return node
    schema: Document = document["components"]["schemas"][reference.removeprefix(SCHEMA_PREFIX)]
    return schema


def _parameters(operation: Document, document: Document) -> dict[tuple[str, str], Any]:
    found = {}
    for parameter in operation.get("parameters", ()):
        if "$ref" in parameter:
            parameter = document["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]  # noqa: PLW2901
        found[parameter["in"], parameter["name"]] = parameter
    return found

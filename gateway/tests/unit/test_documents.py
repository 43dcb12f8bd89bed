"""One document out of many, and what a new one takes away."""

import json
from typing import Any

import pytest

from postroom_gateway.documentation.compatibility import breaking_changes
from postroom_gateway.documentation.merging import DuplicateOperationError, ServiceDocument, merge

FRAME = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "components": {}}


def service(name: str, path: str, operation_id: str, **schemas: Any) -> ServiceDocument:
    first = next(iter(schemas), "Nothing")
    answer = {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{first}"}}}}
    document = {
        "paths": {
            path: {"get": {"operationId": operation_id, "responses": {"200": answer}}},
            "/internal/v1/x": {"get": {"operationId": "hidden", "responses": {}}},
        },
        "components": {"schemas": schemas},
    }
    return ServiceDocument(name=name, document=document, is_public=lambda each: not each.startswith("/internal/"))


def text(*names: str) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": list(names)}


def test_equal_schemas_are_kept_once_and_different_ones_get_their_services_name() -> None:
    reference = {"type": "object", "properties": {"b": {"$ref": "#/components/schemas/B"}}}

    merged = merge(
        [
            service("smtp-guard", "/a", "a", Outer=reference, B=text("x"), Same=text("s")),
            service("import", "/b", "b", Outer=reference, B=text("y"), Same=text("s")),
        ],
        frame=FRAME,
    )

    # `Outer` is the same text in both, and means another `B`.
    assert set(merged["components"]["schemas"]) == {"SmtpGuardOuter", "SmtpGuardB", "ImportOuter", "ImportB"}
    answer = merged["paths"]["/a"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/SmtpGuardOuter"}
    assert "/internal/v1/x" not in merged["paths"]


def test_the_same_documents_give_the_same_text() -> None:
    parts = [service("one", "/a", "a", A=text("x")), service("two", "/b", "b", A=text("y"))]

    assert json.dumps(merge(parts, frame=FRAME)) == json.dumps(merge(parts, frame=FRAME))
    assert FRAME["components"] == {}


def test_a_schema_that_the_framework_named_after_a_module_gets_its_features_name() -> None:
    merged = merge([service("one", "/a", "a", postroom_one__people__schemas__Thing=text("x"))], frame=FRAME)

    assert set(merged["components"]["schemas"]) == {"PeopleThing"}


@pytest.mark.parametrize(("path", "operation_id"), [("/a", "other"), ("/b", "a")])
def test_a_path_or_a_name_that_is_there_twice_is_refused(path: str, operation_id: str) -> None:
    with pytest.raises(DuplicateOperationError):
        merge([service("one", "/a", "a", A=text("x")), service("two", path, operation_id, B=text("x"))], frame=FRAME)


def document(**changes: Any) -> dict[str, Any]:
    """Return a small API; *changes* replace its parts."""
    body = changes.get("body", text("name"))
    operation = {
        "operationId": changes.get("operation_id", "makeThing"),
        "parameters": changes.get("parameters", [{"in": "query", "name": "q", "schema": {"type": "string"}}]),
        "requestBody": {"content": {"application/json": {"schema": body}}},
        "responses": {"201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}},
    }
    thing = {
        "type": "object",
        "properties": changes.get("properties", {"id": {"type": "string"}, "state": {"enum": ["on", "off"]}}),
        "required": changes.get("required", ["id", "state"]),
    }
    return {
        "paths": changes.get("paths", {"/things": {"post": operation}}),
        "components": {"schemas": {"Thing": thing}},
    }


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"paths": {}}, "POST /things is gone"),
        ({"operation_id": "createThing"}, "makeThing is called createThing now"),
        ({"parameters": []}, "the parameter q is gone"),
        (
            {"parameters": [{"in": "query", "name": "q", "required": True, "schema": {"type": "string"}}]},
            "the parameter q is required now",
        ),
        ({"body": text("name", "size")}, "the field size is required now"),
        ({"body": text()}, "the field name is gone"),
        ({"properties": {"state": {"enum": ["on", "off"]}}}, "the field id is gone"),
        ({"properties": {"id": {"type": "integer"}, "state": {"enum": ["on", "off"]}}}, "string is integer now"),
        ({"properties": {"id": {"type": "string"}, "state": {"enum": ["on"]}}}, "the value off is gone"),
        ({"required": ["id"]}, "the field state may be missing now"),
    ],
)
def test_what_clients_would_miss_is_named(changes: dict[str, Any], sentence: str) -> None:
    (found,) = breaking_changes(document(), document(**changes))

    assert sentence in found


def test_what_is_only_added_breaks_nobody() -> None:
    new = document(
        properties={"id": {"type": "string"}, "state": {"enum": ["on", "off", "new"]}, "more": {"type": "string"}},
        required=["id", "state", "more"],
        parameters=[
            {"in": "query", "name": "q", "schema": {"type": "string"}},
            {"in": "query", "name": "r", "schema": {"type": "string"}},
        ],
    )
    new["paths"]["/others"] = {"get": {"operationId": "listOthers", "responses": {}}}

    assert breaking_changes(document(), new) == []

"""docs/openapi.json is what clients are made from: valid, what the code says, and the same for every service."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((ROOT / "docs" / "openapi.json").read_text())
    return content


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, each) for path, item in document["paths"].items() for method, each in item.items()]


def test_the_committed_openapi_document_is_what_the_services_say() -> None:
    check = [sys.executable, str(ROOT / "tools" / "openapi.py"), "--check"]

    done = subprocess.run(check, capture_output=True, text=True, check=False)

    assert done.returncode == 0, f"run `python tools/openapi.py`:\n{done.stdout}{done.stderr}"


def test_the_openapi_document_is_valid(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_every_operation_has_a_name_a_tag_a_text_and_says_who_may_call_it(document: dict[str, Any]) -> None:
    open_to_all = {"startSession", "refreshSession", "getSigningKeys", "setPasswordByLink", "confirmRedirection"}
    for path, method, operation in operations(document):
        place = f"{method} {path}"
        assert operation["operationId"].isalnum(), place
        assert len(operation["tags"]) == 1, place
        assert operation["description"], place
        assert operation.get("security") or operation["operationId"] in open_to_all, place


def test_every_tag_says_what_it_is_about(document: dict[str, Any]) -> None:
    described = {each["name"] for each in document["tags"] if each["description"]}

    assert described == {each["tags"][0] for _, _, each in operations(document)}


def test_no_two_schemas_share_a_name_that_merging_had_to_change(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        assert re.sub(r"\W", "_", schema.get("title", name)) == name


def test_every_refusal_is_a_problem_document_with_an_example(document: dict[str, Any]) -> None:
    shared = document["components"]["responses"]
    for path, method, operation in operations(document):
        for status, described in operation["responses"].items():
            answer = shared[described["$ref"].rpartition("/")[2]] if "$ref" in described else described
            if not status.startswith(("2", "3")):
                assert list(answer["content"]) == ["application/problem+json"], f"{method} {path} {status}"
                assert answer["content"]["application/problem+json"]["examples"], f"{method} {path} {status}"

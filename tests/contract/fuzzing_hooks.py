"""What schemathesis has to know of the suite beside its OpenAPI document; `test_fuzzing.py` names this file to it.

No check is switched off here. What is left out is what would end the run itself, and what a schema cannot say is
accepted only as the refusal that the document lists for the operation.
"""

import json
import os
import zlib
from pathlib import Path
from typing import Any

import httpx
import schemathesis
from schemathesis import Case
from schemathesis.checks import CheckContext
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response
from schemathesis.hooks import HookContext
from schemathesis.openapi.checks import RejectedPositiveData

SCENE: dict[str, Any] = json.loads(Path(os.environ["FUZZING_SCENE"]).read_text())
"""`url`, `headers` of the caller, `kept` ids, `sessions` to sign out of, `real` path parameters."""
NOBODY = "019a0000-0000-7000-8000-000000000000"
PROBLEM_JSON = "application/problem+json"
ENDING_VERBS = (":suspend", ":reset-password")
PERSONAL = {"person_id", "membership_id", "session_id", "token_id"}
api = httpx.Client(base_url=SCENE["url"], headers=SCENE["headers"], trust_env=False)


@schemathesis.hook
def map_case(_context: HookContext, case: Case) -> Case:
    """Let three of four well-formed requests be about things that are there, whose parts belong together."""
    real = SCENE["real"].get(",".join(sorted(case.path_parameters)))
    if real and case.meta is not None and case.meta.generation.mode.is_positive:
        drawn = zlib.crc32(str(sorted(case.path_parameters.items())).encode())
        if drawn % 4:
            case.path_parameters.update(real[drawn % len(real)])
    return case


def spare_the_accounts(case: Case) -> None:
    """Let what would end the accounts the run acts as, or their organisation, be about something nobody has.

    Without them all that follows would be answered 401.
    """
    kept = {name for name, value in case.path_parameters.items() if value in SCENE["kept"]}
    ends = case.method == "DELETE" or case.path.endswith(ENDING_VERBS)
    for name in kept if ends else kept & PERSONAL if case.method == "PATCH" else ():
        case.path_parameters[name] = NOBODY


@schemathesis.hook
def before_call(_context: HookContext, case: Case, _kwargs: dict[str, Any]) -> None:
    """Sign out of a session made for it; base every other change on the version that is there."""
    spare_the_accounts(case)
    if case.operation.label == "DELETE /v1/session" and "X-CSRF-Token" in case.headers and SCENE["sessions"]:
        case.headers.update(SCENE["sessions"].pop())
    version = case.headers.get("If-Match")
    if version is not None and zlib.crc32(str(version).encode()) % 2 and case.method != "GET":
        there = api.get(case.formatted_path.rpartition(":")[0] if ":" in case.path else case.formatted_path)
        if "etag" in there.headers:
            case.headers["If-Match"] = there.headers["etag"]


def documented_problems(case: Case, status: int) -> set[str]:
    """Return the types of problem that the document lists for an operation's status."""
    document = case.operation.schema.raw_schema
    answer = document["paths"][case.path][case.method.lower()]["responses"].get(str(status), {})
    answer = resolved(document, answer)
    examples = answer.get("content", {}).get(PROBLEM_JSON, {}).get("examples", {})
    return {resolved(document, each)["value"]["type"] for each in examples.values()}


def resolved(document: Any, node: Any) -> Any:
    """Follow a reference."""
    if "$ref" not in node:
        return node
    for name in node["$ref"].removeprefix("#/").split("/"):
        document = document[name]
    return document


@schemathesis.check
def problem_is_documented(_ctx: CheckContext, response: Response, case: Case) -> None:
    """Clients branch on a problem's type: every one that comes is listed for the operation."""
    if response.status_code < 400 or response.request.method != case.operation.method.upper():
        return
    found = json.loads(response.content)["type"]
    if found.endswith(":shared/http-404") and ":" in "".join(map(str, case.path_parameters.values())):
        return  # the drawn id has made another path of it
    if found not in documented_problems(case, response.status_code):
        raise AssertionError(f"{case.operation.label} answers {response.status_code} {found}, which is not listed")


@schemathesis.hook
def filter_failure(_context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """Take a 422 as no answer to valid data, unless it names a rule that no schema can hold and the document lists.

    An opaque cursor, a moment before the log begins, a password of a leaked list: each has a type of its own.
    `shared/payload` says that a value does not fit the schema, and stays a failure.
    """
    if not isinstance(failure, RejectedPositiveData) or response.status_code != 422:
        return True
    found = json.loads(response.content)["type"]
    return bool(found.endswith(":shared/payload") or found not in documented_problems(case, 422))

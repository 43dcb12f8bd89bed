"""schemathesis with all its checks against the whole suite as it runs, once for each kind of caller."""

import asyncio
import json
import os
import sys
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from postroom.public_api import ApiProblemError, PublicApi
from postroom.testkit import Launcher, free_base_port
from postroom_shared.testkit.folders import temporary_folder

HOOKS = Path(__file__).with_name("fuzzing_hooks.py")
PASSWORD = "a password of the tests"
SEED = 20261125
ROLES = ("owner", "member", "operator")
ANONYMOUS = "anonymous"
SIGN_OUTS = 12
SPARE = 3
WITHOUT_LIMITS = {
    f"POSTROOM_GATEWAY_{name}": "100000"
    for name in (
        *(f"{what}_PER_{whom}" for what in ("RATE", "BURST") for whom in ("CLIENT", "PERSON", "ORGANISATION")),
        "SIGN_INS_PER_CLIENT_BURST",
        "SIGN_IN_FAILURES_BURST",
    )
} | {
    "POSTROOM_GATEWAY_MAX_SESSIONS": "1000",
    "POSTROOM_GATEWAY_MAX_API_TOKENS": "1000",
    "POSTROOM_GATEWAY_ACCESS_LIFETIME_S": "86400",
}
"""A run asks more often and longer than people do; the limits have tests of their own."""
LISTS_THAT_NEED_MORE = {"/v1/logs": {"address": "anna@example.com", "direction": "sent"}}
CONFIGURATION = """\
seed = {seed}
hooks = "{hooks}"
continue-on-failure = true
request-timeout = 30.0
max-stream-events = 1

[generation]
database = "none"

[checks]
enabled = true

# 412: the form of a version can be valid and the thing have changed since, as with 409.
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "412", "429"]

# 428 is the answer to a missing If-Match (RFC 6585 §3).
[checks.missing_required_header]
expected-statuses = ["400", "401", "403", "422", "428"]

[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "409", "413", "414", "415", "422", "428", "429", "431"]
"""
PEOPLE = """
[auth.wfc]
path = "{file}"
user = "{role}"
peers = ["{role}", "stranger"]
"""


@dataclass
class Signed:
    """A session at the gateway."""

    session: dict[str, Any]
    headers: dict[str, str]


@dataclass
class Stage:
    """A running suite with things to ask about."""

    url: str
    sign_ins: dict[str, tuple[str, str]]
    document: dict[str, Any] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    addresses: list[str] = field(default_factory=list)

    def sign_in(self, role: str, *, kept: bool = True) -> Signed:
        email, password = self.sign_ins[role]
        answer = httpx.post(f"{self.url}/v1/session", json={"email": email, "password": password}, trust_env=False)
        session = answer.raise_for_status().json()
        if kept:
            self.kept.add(session["id"])
        cookie = f"postroom_session={answer.cookies['postroom_session']}"
        return Signed(session, {"Cookie": cookie, "X-CSRF-Token": session["csrf_token"]})

    def api(self, role: str) -> PublicApi:
        api = PublicApi(self.url)
        api.sign_in(*self.sign_ins[role])
        return api


def invite_stranger(stage: Stage, operator: PublicApi) -> None:
    """Give the suite another organisation with an owner."""
    house = operator.call("POST", "/v1/organisations", {"name": "Other SA", "language": "fr", "time_zone": "UTC"})
    email = f"o{uuid.uuid4().hex[:8]}@example.org"
    person = {"email": email, "display_name": "Stranger", "language": "fr"}
    invited = operator.call("POST", "/v1/people", {**person, "role": "owner", "organisation_id": house["id"]})
    link = {"token": invited["password_link"]["token"], "new_password": PASSWORD}
    operator.call("POST", "/v1/people:set-password", link)
    stage.sign_ins["stranger"] = (email, PASSWORD)


def furnish_organisation(owner: PublicApi, organisation_id: str) -> list[str]:
    """Give the demo organisation things that a run may change and delete; return the new addresses."""
    service = next(owner.items("/v1/addresses"))["mail_service_id"]
    made: list[dict[str, Any]] = []
    for _ in range(SPARE):
        name = uuid.uuid4().hex[:10]
        person = {"email": f"p{name}@example.org", "display_name": "Spare", "language": "fr"}
        body = {**person, "role": "member", "organisation_id": organisation_id}
        invited = owner.call("POST", "/v1/people", body)["person_id"]
        address = owner.call("POST", "/v1/addresses", {"mail_service_id": service, "address": f"{name}@example.com"})
        path = f"/v1/addresses/{address['id']}"
        owner.call("POST", f"{path}:change-password", {"password": PASSWORD})
        owner.call("POST", f"{path}/aliases", {"alias": f"a{name}@example.com"})
        owner.call("POST", f"{path}/redirections", {"target": f"r{name}@example.net"})
        owner.call("POST", f"{path}/grants", {"person_id": invited})
        owner.call("POST", f"{path}/application-passwords", {"name": "Phone", "protocols": ["imap"]})
        for other in made[-1:]:
            owner.call("POST", f"{path}/delegations", {"delegate_address_id": other["id"], "right": "send_as"})
        owner.call("POST", "/v1/api-tokens", {"name": "Spare", "scopes": ["directory.read"]})
        owner.call("POST", f"/v1/mail-services/{service}/dkim-keys", {"domain": "example.com", "selector": f"s{name}"})
        made.append(address)
    return [each["address"] for each in made]


def furnish_installation(operator: PublicApi) -> None:
    """Give the installation servers, organisations and mail services that a run may change and delete."""
    imap = {"host": "imap.example.com", "port": 993, "tls": "implicit"}
    for _ in range(SPARE):
        name = uuid.uuid4().hex[:10]
        server = operator.call("POST", "/v1/mail-servers", {"name": name, "imap": imap})["id"]
        place = {"language": "fr", "time_zone": "UTC"}
        house = operator.call("POST", "/v1/organisations", {"name": name, **place})["id"]
        wanted = {"organisation_id": house, "mail_server_id": server, "name": name, **place}
        service = operator.call("POST", "/v1/mail-services", {**wanted, "primary_domain": f"{name}.example.org"})["id"]
        operator.call("POST", f"/v1/mail-services/{service}/domains", {"name": f"{name}.example.net"})


def real_things(api: PublicApi, document: dict[str, Any]) -> dict[str, list[dict[str, str]]]:
    """Return values of path parameters that belong together, by the names of the parameters.

    Every list of the document is read, and the lists under each of its items.
    """
    real: dict[str, list[dict[str, str]]] = {"": [{}]}
    for path in sorted(document["paths"], key=lambda each: each.count("/")):
        parent, _, last = path.rpartition("/")
        if not (last.startswith("{") and last.endswith("}")) or "get" not in document["paths"].get(parent, {}):
            continue
        above = [each[1:-1] for each in parent.split("/") if each.startswith("{")]
        for known in list(real.get(",".join(sorted(above)), [])):
            for item in items_of(api, parent.format(**known), LISTS_THAT_NEED_MORE.get(parent, {})):
                both = known | {last[1:-1]: item["id"]}
                real.setdefault(",".join(sorted(both)), []).append(both)
    return real


def items_of(api: PublicApi, path: str, query: dict[str, str]) -> list[dict[str, Any]]:
    """Return the first items of a list, none where this caller may not read it."""
    try:
        return list(api.call("GET", path, **query)["items"])
    except ApiProblemError as refused:
        if refused.status in {403, 404}:
            return []
        raise


@dataclass(frozen=True)
class Thoroughness:
    """How long one run takes."""

    phases: str
    examples: int


SHORT = {"owner": Thoroughness("examples,fuzzing,stateful", 2)}
SHORTEST = Thoroughness("fuzzing", 1)
"""For those to whom most is refused."""
LONG = Thoroughness("examples,coverage,fuzzing,stateful", 40)


def prepare(stage: Stage, role: str, folder: Path) -> None:
    """Write what a run as the demo's person of *role*, or as nobody, is told."""
    scene: dict[str, Any] = {"url": stage.url, "headers": {}, "sessions": [], "real": {}, "organisations": []}
    scene["addresses"] = stage.addresses
    configuration = CONFIGURATION.format(seed=SEED, hooks=HOOKS)
    if role != ANONYMOUS:
        who = stage.sign_in(role)
        with stage.api(role) as api:
            scene["real"] = real_things(api, stage.document)
        scene["headers"] = who.headers
        scene["sessions"] = [stage.sign_in(role, kept=False).headers for _ in range(SIGN_OUTS)]
        scene["organisations"] = [each for each in (who.session["organisation_id"],) if each]
        (folder / "people.json").write_text(json.dumps(people(**{role: who, "stranger": stage.sign_in("stranger")})))
        configuration += PEOPLE.format(file=folder / "people.json", role=role)
    (folder / "scene.json").write_text(json.dumps(scene | {"kept": sorted(stage.kept)}))
    (folder / "schemathesis.toml").write_text(configuration + bound_values(scene))


def people(**signed: Signed) -> dict[str, Any]:
    """Return who may be asked as, in the form of Web Fuzzing Commons."""
    return {
        "auth": [
            {"name": name, "fixedHeaders": [{"name": key, "value": value} for key, value in who.headers.items()]}
            for name, who in signed.items()
        ]
    }


async def fuzz(stage: Stage, role: str, how: Thoroughness, folder: Path) -> str:
    """Run schemathesis; return what it says when it has found something, an empty text when not."""
    prepare(stage, role, folder)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml"),
        *("run", f"{stage.url}/openapi.json", "--phases", how.phases, "-n", str(how.examples), "--no-color"),
        *("--report", "ndjson", "--report-ndjson-path", "report.ndjson"),
        cwd=folder,
        env={**os.environ, "FUZZING_SCENE": str(folder / "scene.json")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return "" if process.returncode == 0 else output.decode()


def bound_values(scene: dict[str, Any]) -> str:
    """Return dictionaries of what is there, for the fields of bodies and for the header of the organisation."""
    words: dict[str, list[str]] = {}
    for found in (each for known in scene["real"].values() for each in known):
        for name, value in found.items():
            words.setdefault(f"body.{name}", []).append(value)
    for name in ("body.target_address_id", "body.delegate_address_id"):
        words[name] = words.get("body.address_id", [])
    free = [f"n{uuid.uuid4().hex[:10]}@example.com" for _ in range(50)]
    words |= {"body.address": free, "body.alias": free, "body.email": free, "body.domain": ["example.com"]}
    words |= {"body.source.address": scene["addresses"], "body.source.password": [PASSWORD]}
    words["header.Postroom-Organisation"] = scene["organisations"]
    lines = []
    for number, (name, values) in enumerate(sorted(words.items())):
        if values:
            lines += [f"[dictionaries.d{number}]", f"values = {json.dumps(sorted(set(values)))}"]
            lines += [f'[parameters."{name}"]', f'dictionary = "d{number}"', "probability = 0.8"]
    return "\n".join(lines)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage() -> AsyncIterator[Stage]:
    with temporary_folder() as folder:
        folder.chmod(0o711)
        launcher = Launcher(folder / "data", free_base_port(), environment=WITHOUT_LIMITS)
        await launcher.up()
        launcher.read_on()
        found = await launcher.json("credentials")
        sign_ins = {each["role"]: (each["email"], each["password"]) for each in found["sign_ins"]}
        yield await asyncio.to_thread(set_up, launcher.url, sign_ins)
        await launcher.close()


def set_up(url: str, sign_ins: dict[str, tuple[str, str]]) -> Stage:
    """Furnish the suite, and note what must outlive the runs."""
    stage = Stage(url, sign_ins)
    stage.document = httpx.get(f"{url}/openapi.json", trust_env=False).raise_for_status().json()
    with stage.api("operator") as operator, stage.api("owner") as owner:
        invite_stranger(stage, operator)
        furnish_installation(operator)
        organisation = owner.call("GET", "/v1/session")["organisation_id"]
        stage.addresses = furnish_organisation(owner, organisation)
        stage.kept.add(organisation)
        for role in ROLES:
            with stage.api(role) as api:
                stage.kept.add(api.call("GET", "/v1/me")["person"]["id"])
        for membership in owner.items("/v1/memberships"):
            if membership["person_id"] in stage.kept:
                stage.kept.add(membership["id"])
    return stage


@pytest.mark.parametrize("role", [*ROLES, ANONYMOUS])
async def test_the_api_does_what_its_document_says(stage: Stage, role: str, tmp_path: Path) -> None:
    if found := await fuzz(stage, role, SHORT.get(role, SHORTEST), tmp_path):
        pytest.fail(found, pytrace=False)


@pytest.mark.campaign
@pytest.mark.parametrize("role", [*ROLES, ANONYMOUS])
async def test_the_api_does_what_its_document_says_for_long(stage: Stage, role: str, tmp_path: Path) -> None:
    if found := await fuzz(stage, role, LONG, tmp_path):
        pytest.fail(found, pytrace=False)

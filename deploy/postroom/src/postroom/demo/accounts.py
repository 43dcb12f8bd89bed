"""The demo's people: the first two by `postroom-directory bootstrap`, as in a real installation, the others invited."""

import json
import subprocess
import sys
from typing import Any

from postroom.demo.cast import (
    LANGUAGE,
    OPERATOR,
    ORGANISATION,
    ORGANISATION_DETAILS,
    OWNER,
    PEOPLE,
    TIME_ZONE,
    DemoPerson,
)
from postroom.public_api import ApiProblemError, PublicApi

COMMAND_TIMEOUT_S = 60
WRONG_CREDENTIALS = 401


class DemoError(Exception):
    """A step of the making did not go as foreseen."""


def ensure_first_people(url: str, password: str) -> None:
    """Have operator, owner and organisation, and let the two sign in with *password*."""
    if _may_sign_in(url, OPERATOR, password) and _may_sign_in(url, OWNER, password):
        return
    made = _directory_command(
        "bootstrap",
        *("--organisation", ORGANISATION, "--language", LANGUAGE, "--time-zone", TIME_ZONE),
        *("--owner-email", OWNER.email, "--operator-email", OPERATOR.email),
    )
    with PublicApi(url) as api:
        for person in (OPERATOR, OWNER):
            link = made[person.email] if made else _directory_command("password-link", "--email", person.email)
            if not link:
                raise DemoError(f"This installation has an operator, but no {person.email}: it is not a demo's.")
            _set_password(api, link, password)


def _may_sign_in(url: str, person: DemoPerson, password: str) -> bool:
    with PublicApi(url) as api:
        try:
            api.sign_in(person.email, password)
        except ApiProblemError as problem:
            if problem.status == WRONG_CREDENTIALS:
                return False
            raise
        api.sign_out()
    return True


def _directory_command(word: str, *arguments: str) -> dict[str, Any]:
    """Return what a command of svc-directory prints; nothing when it says that there is nothing to do."""
    command = (sys.executable, "-P", "-m", "postroom_directory", word, *arguments, "--json")
    done = subprocess.run(command, capture_output=True, check=False, timeout=COMMAND_TIMEOUT_S)  # noqa: S603 - our own
    if done.returncode not in {0, 1}:
        raise DemoError(f"{word}: {done.stderr.decode(errors='replace')}")
    found: dict[str, Any] = json.loads(done.stdout) if done.stdout.strip() else {}
    return found


def _set_password(api: PublicApi, link: dict[str, Any], password: str) -> None:
    api.call("POST", "/v1/people:set-password", {"token": link["token"], "new_password": password})


def ensure_organisation(operator: PublicApi) -> str:
    """Return the id of the demo organisation, with its particulars filled in."""
    found = next(
        each for each in operator.items("/v1/organisations", text=ORGANISATION) if each["name"] == ORGANISATION
    )
    if any(found[name] != value for name, value in ORGANISATION_DETAILS.items()):
        path = f"/v1/organisations/{found['id']}"
        operator.call("PATCH", path, ORGANISATION_DETAILS, version=found["version"])
    return str(found["id"])


def ensure_people(owner: PublicApi, password: str) -> dict[str, str]:
    """Have the people of each role, able to sign in with *password*; return their ids by e-mail."""
    present = {each["email"]: each for each in owner.items("/v1/people")}
    ids = {}
    for person in PEOPLE:
        known = present.get(person.email)
        if known is None:
            ids[person.email] = _invite(owner, person, password)
            continue
        ids[person.email] = known["id"]
        if not known["has_password"]:
            _set_password(owner, owner.call("POST", f"/v1/people/{known['id']}:reset-password"), password)
        if person is OWNER and known["display_name"] != person.name:
            owner.call("PATCH", f"/v1/people/{known['id']}", {"display_name": person.name}, version=known["version"])
    return ids


def _invite(owner: PublicApi, person: DemoPerson, password: str) -> str:
    invitation = {
        "email": person.email,
        "display_name": person.name,
        "language": person.language,
        "role": person.role,
    }
    invited = owner.call("POST", "/v1/people", invitation)
    _set_password(owner, invited["password_link"], password)
    return str(invited["person_id"])

"""One real copy between two demo mailboxes, so that nobody meets empty pages."""

import time
from typing import Any

from postroom.demo.accounts import DemoError
from postroom.demo.cast import ADMINISTRATOR, COPY_SOURCE, COPY_TARGET, mailbox_password
from postroom.public_api import ApiProblemError, PublicApi
from postroom_shared.errors import TYPE_PREFIX

LEARN_WITHIN_S = 15.0
LOOK_AGAIN_AFTER_S = 0.1
COPY_WITHIN_S = 120.0
NOT_YET_KNOWN = frozenset(
    TYPE_PREFIX + slug
    for slug in ("import/not-local", "import/target-not-attached", "import/target-unavailable", "import/wrong-password")
)
"""What svc-import answers until it has heard of an address that was made a moment ago."""


def ensure_copied(url: str, *, password: str, target_id: str) -> None:
    """Have a finished copy of the leaver's mailbox into the archives, asked for by the administrator.

    Args:
        url: Of the gateway.
        password: Of the sign-in; the mailbox's follows from it.
        target_id: The address that is copied to.

    Raises:
        DemoError: The copy failed or took too long.
    """
    with PublicApi(url) as api:
        api.sign_in(ADMINISTRATOR.email, password)
        known = [each for each in api.items("/v1/imports") if each["target"]["address_id"] == target_id]
        copy = known[0] if known else _request(api, password, target_id)
        _wait(api, copy["id"])
        api.sign_out()


def _request(api: PublicApi, secret: str, target_id: str) -> dict[str, Any]:
    source = {"kind": "local", "address": COPY_SOURCE, "password": mailbox_password(secret, COPY_SOURCE)}
    deadline = time.monotonic() + LEARN_WITHIN_S
    while True:
        try:
            return dict(api.call("POST", "/v1/imports", {"source": source, "target_address_id": target_id}))
        except ApiProblemError as problem:
            if problem.type not in NOT_YET_KNOWN or time.monotonic() > deadline:
                raise
        time.sleep(LOOK_AGAIN_AFTER_S)


def _wait(api: PublicApi, copy_id: str) -> None:
    deadline = time.monotonic() + COPY_WITHIN_S
    while time.monotonic() < deadline:
        for name, _ in api.events(f"/v1/imports/{copy_id}/events"):
            if name == "done" or time.monotonic() > deadline:
                break
        state = api.call("GET", f"/v1/imports/{copy_id}")["state"]
        if state == "completed":
            return
        if state in {"failed", "cancelled"}:
            break
    raise DemoError(f"The first copy of {COPY_SOURCE} to {COPY_TARGET} did not complete.")

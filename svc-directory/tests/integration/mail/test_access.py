"""Every route about an address: anonymous, without scope, another organisation, not attached, without the right."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from postroom_shared.principal import AddressRight, Role

NOTHING = "00000000-0000-7000-8000-000000000000"
PASSWORD = {"password": "a long enough password"}
DEVICE = {"name": "phone"}
DELEGATION = {"delegate_address_id": NOTHING, "right": "send_as"}

# The last is the right a member needs. None: that the address is attached is enough; "": managers only.
Route = tuple[str, str, Any, str | None]
ROUTES: list[Route] = [
    ("GET", "", None, None),
    ("PATCH", "", {"spam_filter": True}, "filters.manage"),
    ("PATCH", "", {"enabled": True}, ""),
    ("DELETE", "", None, ""),
    ("POST", ":test-password", PASSWORD, None),
    ("POST", ":change-password", PASSWORD, "password.change"),
    ("GET", "/aliases", None, None),
    ("GET", f"/aliases/{NOTHING}", None, None),
    ("POST", "/aliases", {"alias": "x@example.com"}, "aliases.manage"),
    ("DELETE", f"/aliases/{NOTHING}", None, "aliases.manage"),
    ("GET", "/redirections", None, "redirections.manage"),
    ("GET", f"/redirections/{NOTHING}", None, "redirections.manage"),
    ("POST", "/redirections", {"target": "x@example.net"}, "redirections.manage"),
    ("DELETE", f"/redirections/{NOTHING}", None, "redirections.manage"),
    ("GET", "/delegations", None, None),
    ("GET", f"/delegations/{NOTHING}", None, None),
    ("POST", "/delegations", DELEGATION, "security.manage"),
    ("DELETE", f"/delegations/{NOTHING}", None, "security.manage"),
    ("GET", "/application-passwords", None, "devices.manage"),
    ("GET", f"/application-passwords/{NOTHING}", None, "devices.manage"),
    ("POST", "/application-passwords", DEVICE, "devices.manage"),
    ("DELETE", f"/application-passwords/{NOTHING}", None, "devices.manage"),
]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route[0]} {route[1][:20]}")
async def test_a_route_lets_in_whom_it_must_and_nobody_else(
    directory: Any, estate: Any, other_estate: Any, route: Route
) -> None:
    method, rest, body, right = route
    address = await estate.address()
    path = f"/v1/addresses/{address['id']}{rest}"

    async def ask(caller: Any) -> tuple[int, str]:
        answer = await directory.ask(method, path, caller, body=body, version=99)
        slug = answer.json()["type"].rpartition(":")[2] if answer.status_code >= 400 else ""
        return answer.status_code, slug

    assert await ask(None) == (401, "shared/unauthenticated")
    tokenless = replace(estate.house.owner, scopes=frozenset({"logs.read"}))
    assert await ask(tokenless) == (403, "shared/missing-scope")
    assert await ask(replace(estate.house.owner, organisation_id=None, role=None)) == (403, "shared/no-organisation")
    for stranger in (other_estate.house.owner, other_estate.house.guest, estate.house.member, estate.house.guest):
        assert await ask(stranger) == (404, "directory/address-not-found")

    every_other = [each for each in AddressRight if each != right]
    member = await estate.grant(Role.MEMBER, address, *every_other)
    guest = await estate.grant(Role.GUEST, address, *([AddressRight(right)] if right else []))
    manager = await ask(estate.house.owner)

    assert manager[1] not in {"directory/address-not-found", "directory/right-missing", "directory/not-a-manager"}
    if right == "":
        assert await ask(member) == (403, "directory/not-a-manager")
    elif right is None:
        assert (await ask(member))[0] == manager[0]
    else:
        assert await ask(member) == (403, "directory/right-missing")
    if right:
        after = await ask(guest)
        assert after[1] not in {"directory/address-not-found", "directory/right-missing", "directory/not-a-manager"}


INTERNAL = [
    ("GET", "/internal/v1/credentials/{id}", {"smtp-guard"}),
    ("GET", "/internal/v1/dkim-keys?domain=example.com", {"smtp-guard"}),
    ("GET", "/internal/v1/mail-servers/{id}/master-login", {"import", "templates"}),
    ("POST", "/internal/v1/redirections/{id}:issue-token", {"templates"}),
]


@pytest.mark.parametrize("route", INTERNAL, ids=lambda route: route[1])
async def test_internal_routes_answer_their_services_only(
    directory: Any, estate: Any, operator: Any, route: tuple[str, str, set[str]]
) -> None:
    method, path, services = route
    service, where = directory.service, path.format(id=uuid4())

    async def ask(headers: dict[str, str]) -> int:
        return (await service.client.request(method, where, headers=headers)).status_code

    assert await ask({}) == 401
    for person in (operator, estate.house.owner):
        assert await ask(service.as_person(person)) == 403
    for name in ("smtp-guard", "import", "templates", "gateway"):
        assert (await ask(service.as_service(name)) in {200, 404}) is (name in services)

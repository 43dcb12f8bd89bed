from typing import Any
from uuid import uuid4

from postroom_shared.principal import AddressRight, Role


def problem(answer: Any) -> tuple[int, str]:
    """Return status and the last word of the type."""
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


async def test_an_address_lets_another_send_for_it(directory: Any, estate: Any) -> None:
    boss, clerk = await estate.address(), await estate.address()
    member = await estate.grant(Role.MEMBER, boss, AddressRight.SECURITY_MANAGE)
    path = f"/v1/addresses/{boss['id']}/delegations"
    body = {"delegate_address_id": clerk["id"], "right": "send_on_behalf"}

    answer = await directory.ask("POST", path, member, body=body)

    assert answer.status_code == 201
    made = answer.json()
    assert made | body | {"address_id": boss["id"], "version": 1} == made
    told = {"id": made["id"], "version": 1, "address_id": boss["id"]}
    assert await directory.events(made["id"]) == [("delegation.created.v1", told)]
    read = await directory.ask("GET", answer.headers["location"], member)
    assert (read.json(), read.headers["etag"]) == (made, '"1"')
    assert (await directory.made("GET", path, member))["items"] == [made]
    assert problem(await directory.ask("POST", path, member, body=body)) == (409, "delegation-exists")
    assert (await directory.ask("POST", path, member, body=body | {"right": "send_as"})).status_code == 201


async def test_only_another_address_of_the_organisation_may_send(
    directory: Any, estate: Any, other_estate: Any
) -> None:
    boss, stranger = await estate.address(), await other_estate.address()
    path = f"/v1/addresses/{boss['id']}/delegations"

    for delegate in (boss["id"], stranger["id"], str(uuid4())):
        body = {"delegate_address_id": delegate, "right": "send_as"}
        assert problem(await directory.ask("POST", path, estate.house.owner, body=body)) == (422, "delegate-unknown")
    body = {"delegate_address_id": stranger["id"], "right": "rules.manage"}
    assert problem(await directory.ask("POST", path, estate.house.owner, body=body)) == (422, "payload")


async def test_a_delegation_ends(directory: Any, estate: Any) -> None:
    boss, clerk, owner = await estate.address(), await estate.address(), estate.house.owner
    path = f"/v1/addresses/{boss['id']}/delegations"
    made = await directory.made("POST", path, owner, body={"delegate_address_id": clerk["id"], "right": "send_as"})

    assert (await directory.ask("DELETE", f"{path}/{made['id']}", owner)).status_code == 428
    assert (await directory.ask("DELETE", f"{path}/{made['id']}", owner, version=2)).status_code == 412
    assert (await directory.ask("DELETE", f"{path}/{made['id']}", owner, version=1)).status_code == 204

    gone = await directory.ask("GET", f"{path}/{made['id']}", owner)
    assert problem(gone) == (404, "delegation-not-found")
    assert (await directory.events(made["id"]))[-1][0] == "delegation.deleted.v1"
    elsewhere = await directory.ask("GET", f"/v1/addresses/{clerk['id']}/delegations/{made['id']}", owner)
    assert problem(elsewhere) == (404, "delegation-not-found")

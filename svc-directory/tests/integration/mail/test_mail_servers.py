from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from postroom_shared.database import bind_organisation
from postroom_shared.principal import Role, SystemPrincipal

IMAP = {"host": "imap.example.com", "port": 993, "tls": "implicit"}
LOGIN = {"user": "svc-import", "secret": "a-secret-of-the-services"}


def new_server(**more: Any) -> dict[str, Any]:
    return {"name": f"server {uuid4().hex}", "imap": IMAP, **more}


async def test_the_operator_makes_changes_and_forgets_a_mail_server(directory: Any, operator: Any) -> None:
    answer = await directory.ask("POST", "/v1/mail-servers", operator, body=new_server())

    assert answer.status_code == 201
    made, path = answer.json(), answer.headers["location"]
    assert (answer.headers["etag"], made["imap"], made["has_master_login"]) == ('"1"', IMAP, False)

    body = {"managesieve": {"host": "imap.example.com", "port": 4190, "tls": "starttls"}, "name": made["name"] + "b"}
    changed = await directory.ask("PATCH", path, operator, body=body, version=1)
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert changed.json()["managesieve"]["port"] == 4190
    assert (await directory.made("PATCH", path, operator, body={"managesieve": None}, version=2))["managesieve"] is None
    assert (await directory.ask("DELETE", path, operator, version=3)).status_code == 204
    gone = await directory.ask("GET", path, operator)
    assert (gone.status_code, gone.json()["type"]) == (404, "urn:postroom:problem:directory/mail-server-not-found")
    told = [name for name, _ in await directory.events(made["id"])]
    assert told == [
        "mail_server.created.v1",
        "mail_server.changed.v1",
        "mail_server.changed.v1",
        "mail_server.deleted.v1",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"imap": None},
        {"imap": IMAP | {"port": 0}},
        {"imap": IMAP | {"port": "993"}},
        {"imap": IMAP | {"tls": "ssl"}},
        {"imap": IMAP | {"host": "a host"}},
        {"imap": IMAP | {"user": "x"}},
        {"name": ""},
        {"master_user": "x"},
    ],
)
async def test_values_that_make_no_sense_are_refused(directory: Any, operator: Any, wrong: dict[str, Any]) -> None:
    answer = await directory.ask("POST", "/v1/mail-servers", operator, body=new_server() | wrong)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith(next(iter(wrong)))


async def test_required_members_cannot_be_set_to_null(directory: Any, operator: Any) -> None:
    made = await directory.made("POST", "/v1/mail-servers", operator, body=new_server())

    answer = await directory.ask("PATCH", f"/v1/mail-servers/{made['id']}", operator, body={"imap": None}, version=1)

    assert answer.status_code == 422


async def test_a_certificate_that_is_none_is_refused(directory: Any, operator: Any) -> None:
    answer = await directory.ask("POST", "/v1/mail-servers", operator, body=new_server(tls_ca_pem="nonsense"))

    assert answer.json()["type"] == "urn:postroom:problem:directory/certificate-unreadable"


async def test_a_name_is_taken_once(directory: Any, operator: Any) -> None:
    first, second = new_server(), new_server()
    await directory.made("POST", "/v1/mail-servers", operator, body=first)
    other = await directory.made("POST", "/v1/mail-servers", operator, body=second)

    again = await directory.ask("POST", "/v1/mail-servers", operator, body=first)
    renamed = await directory.ask(
        "PATCH", f"/v1/mail-servers/{other['id']}", operator, body={"name": first["name"]}, version=1
    )

    assert {again.status_code, renamed.status_code} == {409}
    assert again.json()["type"] == renamed.json()["type"] == "urn:postroom:problem:directory/mail-server-name-taken"


async def test_a_server_with_mail_services_stays(directory: Any, operator: Any, estate: Any) -> None:
    answer = await directory.ask("DELETE", f"/v1/mail-servers/{estate.server_id}", operator, version=1)

    assert answer.json()["type"] == "urn:postroom:problem:directory/mail-server-in-use"


async def test_a_change_names_the_version_it_is_based_on(directory: Any, operator: Any, estate: Any) -> None:
    path = f"/v1/mail-servers/{estate.server_id}"

    assert (await directory.ask("PATCH", path, operator, body={})).status_code == 428
    assert (await directory.ask("PATCH", path, operator, body={}, version=7)).status_code == 412
    assert (await directory.ask("DELETE", path, operator, version=7)).status_code == 412


async def test_organisations_see_the_servers_of_their_mail_services_only(
    directory: Any, estate: Any, other_estate: Any
) -> None:
    owner, path = estate.house.owner, f"/v1/mail-servers/{estate.server_id}"

    listed = await directory.made("GET", "/v1/mail-servers", owner)

    assert [each["id"] for each in listed["items"]] == [estate.server_id]
    assert (await directory.ask("GET", path, owner)).status_code == 200
    assert (await directory.ask("GET", path, other_estate.house.owner)).status_code == 404
    assert (await directory.ask("GET", path, None)).status_code == 401
    assert (await directory.made("GET", "/v1/mail-servers", estate.house.guest))["items"] == []
    await estate.grant(Role.GUEST, await estate.address())
    assert (await directory.ask("GET", path, estate.house.guest)).status_code == 200


async def test_only_the_operator_touches_mail_servers(directory: Any, estate: Any) -> None:
    path = f"/v1/mail-servers/{estate.server_id}"
    requests = [
        ("POST", "/v1/mail-servers", new_server()),
        ("PATCH", path, {}),
        ("DELETE", path, None),
        ("PUT", f"{path}/master-login", LOGIN),
        ("DELETE", f"{path}/master-login", None),
    ]

    for method, where, body in requests:
        assert (await directory.ask(method, where, None, body=body, version=1)).status_code == 401
        assert (await directory.ask(method, where, estate.house.owner, body=body, version=1)).status_code == 403


async def test_the_list_goes_on_page_by_page(directory: Any, operator: Any) -> None:
    for _ in range(3):
        await directory.made("POST", "/v1/mail-servers", operator, body=new_server())

    names: list[str] = []
    cursor = ""
    while cursor is not None:
        page = await directory.made("GET", f"/v1/mail-servers?limit=2{cursor and '&cursor=' + cursor}", operator)
        names += [each["name"] for each in page["items"]]
        cursor = page["next"]

    assert names == sorted(set(names))
    assert len(names) >= 3
    assert (await directory.ask("GET", "/v1/mail-servers?cursor=x", operator)).status_code == 422


async def test_the_master_login_is_sealed_and_given_to_importers_and_template_writers_only(
    directory: Any, operator: Any, estate: Any
) -> None:
    service, path = directory.service, f"/v1/mail-servers/{estate.server_id}"
    internal = f"/internal{path}/master-login"
    none = await service.client.get(internal, headers=service.as_service("import"))
    assert (none.status_code, none.json()["type"]) == (404, "urn:postroom:problem:directory/master-login-missing")

    assert (await directory.ask("PUT", f"{path}/master-login", operator, body=LOGIN)).status_code == 204

    for name in ("import", "templates"):
        told = await service.client.get(internal, headers=service.as_service(name))
        assert told.json() == LOGIN | {"version": 2}
    for headers in (
        service.as_service("smtp-guard"),
        service.as_person(operator),
        service.as_person(estate.house.owner),
    ):
        assert (await service.client.get(internal, headers=headers)).status_code == 403
    assert (await service.client.get(internal)).status_code == 401
    shown = await directory.ask("GET", path, operator)
    assert shown.json()["has_master_login"] is True
    assert LOGIN["secret"] not in shown.text
    assert LOGIN["user"] not in shown.text
    async with service.runtime.sessions() as session, session.begin():
        await bind_organisation(session, SystemPrincipal())
        stored = await session.scalar(
            text("select master_secret from mail_server where id = :id"), {"id": estate.server_id}
        )
    assert LOGIN["secret"].encode() not in stored


async def test_a_master_login_can_be_taken_away(directory: Any, operator: Any, estate: Any) -> None:
    service, path = directory.service, f"/v1/mail-servers/{estate.server_id}/master-login"
    await directory.ask("PUT", path, operator, body=LOGIN)

    assert (await directory.ask("DELETE", path, operator)).status_code == 204

    gone = await service.client.get(f"/internal{path}", headers=service.as_service("import"))
    assert gone.json()["type"] == "urn:postroom:problem:directory/master-login-missing"


async def test_there_is_no_login_of_an_unknown_server(directory: Any, operator: Any) -> None:
    path, service = f"/v1/mail-servers/{uuid4()}/master-login", directory.service

    assert (await directory.ask("PUT", path, operator, body=LOGIN)).status_code == 404
    assert (await directory.ask("DELETE", path, operator)).status_code == 404
    internal = await service.client.get(f"/internal{path}", headers=service.as_service("import"))
    assert internal.json()["type"] == "urn:postroom:problem:directory/mail-server-not-found"


async def test_a_short_master_secret_is_refused(directory: Any, operator: Any, estate: Any) -> None:
    path = f"/v1/mail-servers/{estate.server_id}/master-login"

    answer = await directory.ask("PUT", path, operator, body=LOGIN | {"secret": "short"})

    assert answer.status_code == 422
    assert "short" not in answer.json()["errors"][0]["message"].split()

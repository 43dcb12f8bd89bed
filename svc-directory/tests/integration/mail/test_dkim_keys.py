import base64
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_private_key
from sqlalchemy import text

from postroom_shared.database import bind_organisation
from postroom_shared.principal import Role, SystemPrincipal


def problem(answer: Any) -> tuple[int, str]:
    """Return status and the last word of the type."""
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


async def make(directory: Any, estate: Any, algorithm: str = "ed25519", **more: Any) -> Any:
    body = {"domain": estate.domain, "algorithm": algorithm, **more}
    return await directory.made("POST", f"{estate.service_path}/dkim-keys", estate.house.administrator, body=body)


async def signing(directory: Any, domain: str) -> list[Any]:
    service = directory.service
    path = f"/internal/v1/dkim-keys?domain={domain}"
    return (await service.client.get(path, headers=service.as_service("smtp-guard"))).json()["items"]


async def act(directory: Any, estate: Any, key: Any, what: str) -> Any:
    path = f"{estate.service_path}/dkim-keys/{key['id']}:{what}"
    return await directory.ask("POST", path, estate.house.owner, version=key["version"])


@pytest.mark.parametrize("algorithm", ["rsa2048", "ed25519"])
async def test_the_record_that_is_shown_verifies_what_the_guard_signs(
    directory: Any, estate: Any, algorithm: str
) -> None:
    made = await make(directory, estate, algorithm)
    assert made["state"] == "prepared"
    assert await signing(directory, estate.domain) == []

    activated = (await act(directory, estate, made, "activate")).json()

    (key,) = await signing(directory, estate.domain)
    assert (activated["state"], key["selector"]) == ("active", made["selector"])
    assert made["record_name"] == f"{made['selector']}._domainkey.{estate.domain}"
    assert "".join(made["record_strings"]) == made["record_value"]
    assert max(map(len, made["record_strings"])) <= 255
    tags = dict(tag.split("=", 1) for tag in made["record_value"].split("; "))
    private = load_pem_private_key(key["private_key"].encode(), None)
    public = base64.b64decode(tags["p"])
    if isinstance(private, Ed25519PrivateKey):
        assert (tags["v"], tags["k"], len(public)) == ("DKIM1", "ed25519", 32)
        Ed25519PublicKey.from_public_bytes(public).verify(private.sign(b"mail"), b"mail")
    else:
        assert isinstance(private, RSAPrivateKey)
        assert (tags["v"], tags["k"], private.key_size) == ("DKIM1", "rsa", 2048)
        opened = load_der_public_key(public)
        assert isinstance(opened, RSAPublicKey)
        opened.verify(private.sign(b"mail", padding.PKCS1v15(), SHA256()), b"mail", padding.PKCS1v15(), SHA256())


async def test_the_private_half_is_sealed_and_in_no_public_answer(directory: Any, estate: Any) -> None:
    made = await make(directory, estate)
    path = f"{estate.service_path}/dkim-keys"

    answers = [await directory.ask("GET", where, estate.house.owner) for where in (path, f"{path}/{made['id']}")]

    assert answers[0].json()["items"] == [answers[1].json()] == [made]
    assert answers[1].headers["etag"] == '"1"'
    assert all("PRIVATE" not in each.text for each in answers)
    async with directory.service.runtime.sessions() as session, session.begin():
        await bind_organisation(session, SystemPrincipal())
        stored = await session.scalar(text("select private_key from dkim_key where id = :id"), {"id": made["id"]})
    assert b"PRIVATE" not in stored


async def test_one_key_of_each_algorithm_signs_and_the_former_is_retired(directory: Any, estate: Any) -> None:
    first, second = await make(directory, estate, selector="a1"), await make(directory, estate, selector="a2")
    rsa = await make(directory, estate, "rsa2048", selector="r1")
    for key in (first, rsa, second):
        assert (await act(directory, estate, key, "activate")).status_code == 200

    assert {each["selector"] for each in await signing(directory, estate.domain)} == {"a2", "r1"}
    path = f"{estate.service_path}/dkim-keys/{first['id']}"
    assert (await directory.made("GET", path, estate.house.owner))["state"] == "retired"
    assert [name for name, _ in await directory.events(first["id"])] == [
        "dkim_key.created.v1",
        "dkim_key.changed.v1",
        "dkim_key.changed.v1",
    ]


async def test_a_key_goes_from_prepared_to_active_to_retired_and_no_way_back(directory: Any, estate: Any) -> None:
    key = await make(directory, estate)
    path = f"{estate.service_path}/dkim-keys/{key['id']}"
    key = (await act(directory, estate, key, "activate")).json()

    assert problem(await act(directory, estate, key, "activate")) == (409, "dkim-key-state")
    assert problem(await directory.ask("DELETE", path, estate.house.owner, version=2)) == (409, "dkim-key-state")
    assert (await directory.ask("POST", f"{path}:retire", estate.house.owner, version=1)).status_code == 412
    assert (await directory.ask("POST", f"{path}:retire", estate.house.owner)).status_code == 428
    key = (await act(directory, estate, key, "retire")).json()
    assert problem(await act(directory, estate, key, "retire")) == (409, "dkim-key-state")
    assert problem(await act(directory, estate, key, "activate")) == (409, "dkim-key-state")
    assert await signing(directory, estate.domain) == []
    assert (await directory.ask("DELETE", path, estate.house.owner, version=3)).status_code == 204
    assert problem(await directory.ask("GET", path, estate.house.owner)) == (404, "dkim-key-not-found")
    assert (await directory.events(key["id"]))[-1][0] == "dkim_key.deleted.v1"


async def test_a_selector_is_used_once_in_a_domain_of_the_mail_service(
    directory: Any, estate: Any, other_estate: Any
) -> None:
    await make(directory, estate, selector="mail")
    path, owner = f"{estate.service_path}/dkim-keys", estate.house.owner

    again = {"domain": estate.domain, "selector": "mail", "algorithm": "ed25519"}
    assert problem(await directory.ask("POST", path, owner, body=again)) == (409, "selector-taken")
    foreign = again | {"domain": other_estate.domain}
    assert problem(await directory.ask("POST", path, owner, body=foreign)) == (404, "domain-not-found")
    for wrong in ({"selector": "-x"}, {"selector": "a.b"}, {"algorithm": "rsa512"}, {"private_key": "x"}):
        assert problem(await directory.ask("POST", path, owner, body=again | wrong)) == (422, "payload")


async def test_keys_are_for_managers_and_the_operator(
    directory: Any, operator: Any, estate: Any, other_estate: Any
) -> None:
    key = await make(directory, estate)
    member = await estate.grant(Role.MEMBER, await estate.address())
    path = f"{estate.service_path}/dkim-keys"
    body = {"domain": estate.domain, "algorithm": "ed25519", "selector": uuid4().hex}
    requests = [
        ("GET", path, None),
        ("POST", path, body),
        ("GET", f"{path}/{key['id']}", None),
        ("POST", f"{path}/{key['id']}:activate", None),
        ("POST", f"{path}/{key['id']}:retire", None),
        ("DELETE", f"{path}/{key['id']}", None),
    ]

    for version, (method, where, content) in enumerate(requests, -2):
        assert (await directory.ask(method, where, None, body=content, version=1)).status_code == 401
        for caller, refused in (
            (other_estate.house.owner, (404, "mail-service-not-found")),
            (estate.house.guest, (404, "mail-service-not-found")),
            (member, (403, "not-a-manager")),
        ):
            assert problem(await directory.ask(method, where, caller, body=content, version=1)) == refused
        answer = await directory.ask(method, where, operator, body=content, version=max(1, version))
        assert answer.is_success, answer.text

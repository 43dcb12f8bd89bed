from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from postroom_shared.database import bind_organisation
from postroom_shared.principal import AddressRight, Role, SystemPrincipal

PASSWORD = "a long enough password"


def problem(answer: Any) -> tuple[int, str]:
    """Return status and the last word of the type."""
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


async def test_an_attached_person_tries_the_password_of_the_address(directory: Any, estate: Any) -> None:
    anna = await estate.address()
    member = await estate.grant(Role.MEMBER, anna)
    path = f"/v1/addresses/{anna['id']}:test-password"

    async def matches(password: str) -> bool:
        return (await directory.made("POST", path, member, body={"password": password}))["matches"]

    assert not await matches(PASSWORD)
    await estate.set_password(anna, PASSWORD)
    assert await matches(PASSWORD)
    assert not await matches(PASSWORD + "!")
    await estate.set_password(anna, PASSWORD + "!")
    assert not await matches(PASSWORD)
    assert await matches(PASSWORD + "!")


async def test_guessing_is_stopped_and_a_new_password_ends_the_wait(directory: Any, estate: Any) -> None:
    anna = await estate.address()
    await estate.set_password(anna, PASSWORD)
    path, owner = f"/v1/addresses/{anna['id']}:test-password", estate.house.owner
    for _ in range(10):
        await directory.made("POST", path, owner, body={"password": "wrong"})

    refused = await directory.ask("POST", path, owner, body={"password": PASSWORD})

    assert problem(refused) == (429, "too-many-wrong-passwords")
    assert 0 < int(refused.headers["retry-after"]) <= 900
    await estate.set_password(anna, PASSWORD)
    assert (await directory.made("POST", path, owner, body={"password": PASSWORD}))["matches"]


async def test_wrong_passwords_are_forgotten_after_a_while(directory: Any, estate: Any) -> None:
    anna = await estate.address()
    path, owner = f"/v1/addresses/{anna['id']}:test-password", estate.house.owner
    for _ in range(10):
        await directory.made("POST", path, owner, body={"password": "wrong"})
    async with directory.service.runtime.sessions() as session, session.begin():
        await bind_organisation(session, SystemPrincipal())
        older = "update credential set wrong_tests_since = :then where address_id = :id"
        await session.execute(text(older), {"then": datetime.now(UTC) - timedelta(minutes=16), "id": anna["id"]})

    assert (await directory.ask("POST", path, owner, body={"password": "wrong"})).status_code == 200


async def test_a_new_password_is_told_without_saying_it(directory: Any, estate: Any) -> None:
    anna = await estate.address()
    member = await estate.grant(Role.MEMBER, anna, AddressRight.PASSWORD_CHANGE)
    path = f"/v1/addresses/{anna['id']}:change-password"

    answer = await directory.ask("POST", path, member, body={"password": PASSWORD})

    assert (answer.status_code, answer.content) == (204, b"")
    events = await directory.events(anna["id"])
    assert events[-2:] == [
        ("address.changed.v1", {"id": anna["id"], "version": 2, "mail_service_id": estate.service_id}),
        ("address.credential_changed.v1", {"id": anna["id"], "version": 2, "credential_version": 1}),
    ]


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short", "too_short"),
        ("", "too_short"),
        ("aaaabbbbaaaa", "too_few_different_characters"),
        ("Password2026!", "common"),
        ("motdepasse1", "common"),
        ("1234567890", "common"),
    ],
)
async def test_a_password_that_would_be_guessed_is_refused(
    directory: Any, estate: Any, password: str, reason: str
) -> None:
    anna = await estate.address()

    answer = await directory.ask(
        "POST", f"/v1/addresses/{anna['id']}:change-password", estate.house.owner, body={"password": password}
    )

    assert (problem(answer), answer.json()["reason"]) == ((422, "password-too-weak"), reason)


async def test_a_password_with_control_characters_is_refused(directory: Any, estate: Any) -> None:
    anna = await estate.address()

    answer = await directory.ask(
        "POST",
        f"/v1/addresses/{anna['id']}:change-password",
        estate.house.owner,
        body={"password": "seven\tseas\x00 43"},
    )

    assert problem(answer) == (422, "payload")


async def test_a_password_made_of_the_address_is_refused(directory: Any, estate: Any) -> None:
    anna = await estate.address("anna.muster")

    for password in ("Anna.Muster2026", anna["address"], f"my {anna['address']}", estate.domain + "!"):
        answer = await directory.ask(
            "POST", f"/v1/addresses/{anna['id']}:change-password", estate.house.owner, body={"password": password}
        )
        assert answer.json()["reason"] == "own_address"


async def test_an_address_that_only_forwards_has_no_passwords(directory: Any, estate: Any) -> None:
    info = await estate.address(kind="forward_only")
    requests = [
        (":test-password", {"password": PASSWORD}),
        (":change-password", {"password": PASSWORD}),
        ("/application-passwords", {"name": "phone"}),
    ]

    for rest, body in requests:
        answer = await directory.ask("POST", f"/v1/addresses/{info['id']}{rest}", estate.house.owner, body=body)
        assert problem(answer) == (409, "no-mailbox")


async def test_passwords_are_in_no_answer_and_no_log(
    directory: Any, estate: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    anna = await estate.address()
    secret = "Qx9 unheard of words"
    for rest in (":change-password", ":test-password"):
        for body in ({"password": secret}, {"password": secret, "more": 1}, {"password": [secret]}):
            answer = await directory.ask("POST", f"/v1/addresses/{anna['id']}{rest}", estate.house.owner, body=body)
            assert "Qx9" not in answer.text

    written = capsys.readouterr()
    assert "Qx9" not in written.out + written.err


async def test_an_application_password_is_shown_once(directory: Any, estate: Any) -> None:
    anna = await estate.address()
    member = await estate.grant(Role.MEMBER, anna, AddressRight.DEVICES_MANAGE)
    path = f"/v1/addresses/{anna['id']}/application-passwords"
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat()

    answer = await directory.ask(
        "POST", path, member, body={"name": "Anna's phone", "protocols": ["imap"], "expires_at": until}
    )

    made = answer.json()
    assert (answer.status_code, answer.headers["cache-control"], len(made["password"])) == (201, "no-store", 32)
    assert (made["name"], made["protocols"]) == ("Anna's phone", ["imap"])
    secret = made.pop("password")
    listed = await directory.ask("GET", path, member)
    read = await directory.ask("GET", answer.headers["location"], member)
    assert (read.json(), listed.json()["items"]) == (made, [made])
    assert secret not in listed.text
    assert (await directory.events(made["id"]))[0][0] == "application_password.created.v1"
    assert (await directory.events(anna["id"]))[-1] == (
        "address.credential_changed.v1",
        {"id": anna["id"], "version": 2, "credential_version": 1},
    )


async def test_the_secret_is_not_kept_for_a_repeated_request(directory: Any, estate: Any) -> None:
    anna = await estate.address()
    path, key = f"/v1/addresses/{anna['id']}/application-passwords", {"Idempotency-Key": f"once-{anna['id']}"}
    first = await directory.ask("POST", path, estate.house.owner, body={"name": "phone"}, headers=key)

    again = await directory.ask("POST", path, estate.house.owner, body={"name": "phone"}, headers=key)

    assert problem(again) == (409, "answer-lost")
    assert len((await directory.made("GET", path, estate.house.owner))["items"]) == 1
    async with directory.service.runtime.sessions() as session, session.begin():
        await bind_organisation(session, SystemPrincipal())
        kept = await session.scalar(
            text("select body from idempotency_key where key = :key"), {"key": key["Idempotency-Key"]}
        )
    assert kept is None
    assert first.status_code == 201


async def test_an_application_password_is_taken_away(directory: Any, estate: Any) -> None:
    anna = await estate.address()
    path, owner = f"/v1/addresses/{anna['id']}/application-passwords", estate.house.owner
    made = await directory.made("POST", path, owner, body={"name": "phone"})

    assert (await directory.ask("DELETE", f"{path}/{made['id']}", owner)).status_code == 428
    assert (await directory.ask("DELETE", f"{path}/{made['id']}", owner, version=5)).status_code == 412
    assert (await directory.ask("DELETE", f"{path}/{made['id']}", owner, version=1)).status_code == 204

    gone = await directory.ask("GET", f"{path}/{made['id']}", owner)
    assert problem(gone) == (404, "application-password-not-found")
    assert (await directory.events(made["id"]))[-1][0] == "application_password.deleted.v1"


async def test_application_passwords_have_bounds(directory: Any, estate: Any) -> None:
    anna = await estate.address()
    path, owner = f"/v1/addresses/{anna['id']}/application-passwords", estate.house.owner
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    expired = await directory.ask("POST", path, owner, body={"name": "phone", "expires_at": past})
    assert problem(expired) == (422, "already-expired")
    for wrong in ({"protocols": []}, {"protocols": ["ftp"]}, {"name": " "}, {"expires_at": "2030-01-01T00:00:00"}):
        assert problem(await directory.ask("POST", path, owner, body={"name": "phone"} | wrong)) == (422, "payload")
    for _ in range(50):
        await directory.made("POST", path, owner, body={"name": "phone"})

    assert problem(await directory.ask("POST", path, owner, body={"name": "one more"})) == (
        409,
        "too-many-application-passwords",
    )


async def test_the_guard_gets_the_hashes(directory: Any, estate: Any, views: Any) -> None:
    anna = await estate.address()
    await estate.set_password(anna, PASSWORD)
    path = f"/v1/addresses/{anna['id']}/application-passwords"
    made = await directory.made("POST", path, estate.house.owner, body={"name": "phone", "protocols": ["smtp"]})
    service = directory.service

    answer = await service.client.get(
        f"/internal/v1/credentials/{anna['id']}", headers=service.as_service("smtp-guard")
    )

    told = answer.json()
    (application,) = told.pop("application_passwords")
    assert told == {
        "address_id": anna["id"],
        "organisation_id": str(estate.house.id),
        "address": anna["address"],
        "enabled": True,
        "version": 3,
        "credential_version": 2,
        "password": (await views.mailbox(anna["address"]))["password"],
    }
    (row,) = await views.rows("v_application_password", address=anna["address"])
    assert application == {
        "id": made["id"],
        "lookup_id": made["password"][:6],
        "password": row["password"],
        "protocols": ["smtp"],
        "expires_at": None,
    }

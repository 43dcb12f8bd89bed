"""A real Dovecot signs people in by the views."""

import asyncio
import imaplib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest_asyncio
from sqlalchemy import make_url, text

from postroom_shared.database import bind_organisation
from postroom_shared.localservers.dovecot_accounts import DirectoryAccounts
from postroom_shared.principal import SystemPrincipal
from postroom_shared.testkit import StartDovecot

PASSWORD = "a long enough 'password\" %u \\"

SignIn = Callable[[Any, str], Awaitable[bool]]


@pytest_asyncio.fixture(loop_scope="session")
async def signs_in(directory: Any, start_dovecot: StartDovecot) -> SignIn:
    """Tells whether an address gets in by IMAP with a password."""
    url = make_url(directory.service.runtime.settings.database_url.get_secret_value())
    accounts = DirectoryAccounts(
        port=url.port or 0,
        password=str(url.password),
        database=str(url.database),
        application_passwords="mail.v_application_password",
    )
    dovecot = await start_dovecot(accounts=accounts)

    def attempt(login: str, password: str) -> bool:
        client = imaplib.IMAP4(dovecot.host, dovecot.ports.imap, timeout=20)
        try:
            client.authenticate("PLAIN", lambda _: f"\0{login}\0{password}".encode())
            client.select()
        except imaplib.IMAP4.error:
            return False
        finally:
            client.logout()
        return True

    async def sign_in(address: Any, password: str) -> bool:
        return await asyncio.to_thread(attempt, address["address"], password)

    return sign_in


async def change(directory: Any, estate: Any, address: Any, **changes: Any) -> None:
    path, owner = f"/v1/addresses/{address['id']}", estate.house.owner
    version = (await directory.made("GET", path, owner))["version"]
    await directory.made("PATCH", path, owner, body=changes, version=version)


async def test_an_address_signs_in_with_its_password_and_no_other(estate: Any, signs_in: SignIn) -> None:
    anna, bert = await estate.address(), await estate.address()
    await estate.set_password(anna, PASSWORD)

    assert await signs_in(anna, PASSWORD)
    assert not await signs_in(anna, PASSWORD + "!")
    assert not await signs_in(anna, "")
    assert not await signs_in(bert, PASSWORD)
    assert not await signs_in(bert, "")
    await estate.set_password(anna, "another long password")
    assert not await signs_in(anna, PASSWORD)
    assert await signs_in(anna, "another long password")


async def test_a_disabled_address_does_not_get_in_at_once(directory: Any, estate: Any, signs_in: SignIn) -> None:
    anna = await estate.address()
    await estate.set_password(anna, PASSWORD)
    assert await signs_in(anna, PASSWORD)

    await change(directory, estate, anna, enabled=False)

    assert not await signs_in(anna, PASSWORD)
    await change(directory, estate, anna, enabled=True)
    assert await signs_in(anna, PASSWORD)


async def test_a_deleted_address_does_not_get_in_at_once(directory: Any, estate: Any, signs_in: SignIn) -> None:
    anna = await estate.address()
    await estate.set_password(anna, PASSWORD)
    device = await _device(directory, estate, anna)
    assert await signs_in(anna, PASSWORD)
    assert await signs_in(anna, device["password"])
    path, owner = f"/v1/addresses/{anna['id']}", estate.house.owner
    version = (await directory.made("GET", path, owner))["version"]

    await directory.made("DELETE", path, owner, version=version)

    assert not await signs_in(anna, PASSWORD)
    assert not await signs_in(anna, device["password"])


async def test_each_device_gets_in_with_its_own_password_until_that_is_taken_away(
    directory: Any, estate: Any, signs_in: SignIn
) -> None:
    anna, bert = await estate.address(), await estate.address()
    phone, laptop = [await _device(directory, estate, anna) for _ in range(2)]

    assert await signs_in(anna, phone["password"])
    assert await signs_in(anna, laptop["password"])
    assert not await signs_in(bert, phone["password"])
    assert not await signs_in(anna, phone["password"][:-1])
    assert not await signs_in(anna, phone["password"][:6] + laptop["password"][6:])
    path = f"/v1/addresses/{anna['id']}/application-passwords/{phone['id']}"
    await directory.made("DELETE", path, estate.house.owner, version=1)
    assert not await signs_in(anna, phone["password"])
    assert await signs_in(anna, laptop["password"])
    await change(directory, estate, anna, enabled=False)
    assert not await signs_in(anna, laptop["password"])


async def test_an_application_password_runs_out(directory: Any, estate: Any, signs_in: SignIn) -> None:
    anna = await estate.address()
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    device = await _device(directory, estate, anna, expires_at=until)
    assert await signs_in(anna, device["password"])
    async with directory.service.runtime.sessions() as session, session.begin():
        await bind_organisation(session, SystemPrincipal())
        older = "update application_password set expires_at = :then where id = :id"
        await session.execute(text(older), {"then": datetime.now(UTC) - timedelta(seconds=1), "id": device["id"]})

    assert not await signs_in(anna, device["password"])


async def test_a_password_that_looks_like_sql_opens_nothing(directory: Any, estate: Any, signs_in: SignIn) -> None:
    anna = await estate.address()
    await _device(directory, estate, anna)

    for typed in ("' or true --", "'||id||'", "\\' or 1=1 --", "%w", "';drop"):
        assert not await signs_in(anna, typed)


async def test_nobody_signs_in_to_an_address_that_only_forwards(estate: Any, signs_in: SignIn) -> None:
    info = await estate.address(kind="forward_only")

    assert not await signs_in(info, "")
    assert not await signs_in(info, PASSWORD)


async def _device(directory: Any, estate: Any, address: Any, **more: Any) -> Any:
    path = f"/v1/addresses/{address['id']}/application-passwords"
    return await directory.made("POST", path, estate.house.owner, body={"name": "phone", **more})

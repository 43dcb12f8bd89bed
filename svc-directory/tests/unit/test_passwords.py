import asyncio
from collections.abc import Iterator

import pytest

from postroom_directory.passwords import Passwords, PasswordsBusyError


@pytest.fixture(scope="module")
def passwords() -> Iterator[Passwords]:
    opened = Passwords()
    yield opened
    opened.close()


async def test_a_hash_matches_its_password_only(passwords: Passwords) -> None:
    stored = await passwords.hash("correct horse battery")

    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.matches(stored, "correct horse battery")
    assert not await passwords.matches(stored, "correct horse")
    assert not passwords.is_outdated(stored)


async def test_nobody_has_no_password(passwords: Passwords) -> None:
    assert not await passwords.matches(None, "")


async def test_a_text_that_is_no_hash_matches_nothing(passwords: Passwords) -> None:
    assert not await passwords.matches("plain", "plain")


async def test_a_queue_that_is_full_refuses_at_once() -> None:
    passwords = Passwords(threads=1, max_waiting=2)

    results = await asyncio.gather(*(passwords.hash("a password") for _ in range(4)), return_exceptions=True)

    assert [type(each) for each in results] == [str, str, PasswordsBusyError, PasswordsBusyError]
    passwords.close()

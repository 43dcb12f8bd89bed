"""Passwords that people choose: argon2id in a few threads, so that guesses never take all of a machine.

Both the passwords people sign in with and those of addresses are hashed here. Secrets that a machine made need no slow
hash (`postroom_directory.application_passwords.domain`).

Source: OWASP Password Storage Cheat Sheet (argon2id: m = 19 MiB, t = 2, p = 1); RFC 9106.
"""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from postroom_shared.errors import UnavailableError

T = TypeVar("T")

TIME_COST = 2
MEMORY_KIB = 19_456
THREADS = 2
MAX_WAITING = 64
"""Hashes in hand or waiting; at about 30 ms each the last one waits a second."""


class PasswordsBusyError(UnavailableError):
    """More passwords are waiting to be checked than this process takes."""

    slug = "directory/passwords-busy"
    title = "Too many passwords are being checked at this moment"


class Passwords:
    """Hash and check passwords. One per process; `close` it.

    A hash is a PHC string, `$argon2id$v=19$m=19456,t=2,p=1$…`, without a scheme of any mail server.
    """

    def __init__(self, *, threads: int = THREADS, max_waiting: int = MAX_WAITING) -> None:
        self._hasher = PasswordHasher(time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=1, type=Type.ID)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._max_waiting = max_waiting
        self._waiting = 0
        self._nobodys_hash = self._hasher.hash(secrets.token_urlsafe())

    async def hash(self, password: str) -> str:
        """Return the hash of *password*.

        Raises:
            PasswordsBusyError: Too many are waiting.
        """
        return await self._in_thread(lambda: self._hasher.hash(password))

    async def matches(self, stored: str | None, password: str) -> bool:
        """Return whether *password* is the one of *stored*; None takes as long as a wrong password, and is False.

        Raises:
            PasswordsBusyError: Too many are waiting.
        """
        found = await self._in_thread(lambda: self._verify(stored or self._nobodys_hash, password))
        return found and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Return whether *stored* was made with other costs than new hashes are."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """End the threads once what they hold is done."""
        self._pool.shutdown(wait=True)

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._waiting >= self._max_waiting:
            raise PasswordsBusyError(retry_after_s=1)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1

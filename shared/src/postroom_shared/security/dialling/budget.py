"""How often an organisation may have hosts tried out: enough for people, too little for a port scan."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import ceil
from uuid import UUID

from postroom_shared.errors import RateLimitedError

AT_ONCE = 4
PER_MINUTE = 30


@dataclass(slots=True)
class _Account:
    left: float
    at: float
    running: int = 0


class DialBudget:
    """Count attempts per organisation, in this process. One per process.

    Args:
        at_once: Most attempts that run at the same time.
        per_minute: Attempts that are given back over a minute, and most that can be saved up.
        clock: Monotonic seconds.
    """

    def __init__(
        self, *, at_once: int = AT_ONCE, per_minute: int = PER_MINUTE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._at_once = at_once
        self._per_minute = per_minute
        self._clock = clock
        self._accounts: dict[UUID, _Account] = {}

    @asynccontextmanager
    async def attempt(self, organisation_id: UUID) -> AsyncIterator[None]:
        """Spend one attempt, and count as running until the block ends.

        Raises:
            RateLimitedError: The organisation has none left, or too many are running.
        """
        account = self._account(organisation_id)
        if account.running >= self._at_once:
            raise RateLimitedError(retry_after_s=1)
        if account.left < 1:
            raise RateLimitedError(retry_after_s=ceil((1 - account.left) * 60 / self._per_minute))
        account.left -= 1
        account.running += 1
        try:
            yield
        finally:
            account.running -= 1

    def _account(self, organisation_id: UUID) -> _Account:
        now = self._clock()
        for account in self._accounts.values():
            account.left = min(self._per_minute, account.left + (now - account.at) * self._per_minute / 60)
            account.at = now
        for idle in [key for key, each in self._accounts.items() if not each.running and each.left >= self._per_minute]:
            del self._accounts[idle]
        return self._accounts.setdefault(organisation_id, _Account(self._per_minute, now))

"""Token buckets for many holders in bounded memory. Pure: the clock is an argument."""

import math
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

MAX_HOLDERS = 50_000
"""Holders remembered; whoever was seen longest ago is forgotten, which gives back at most one burst."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How often: *per_second* in the long run, *burst* at once."""

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a wish for one token.

    Attributes:
        limit: The burst of the bucket.
        remaining: Whole tokens left.
        wait_s: Seconds until there is a token; 0 when one was taken.
        reset_s: Seconds until the bucket is full.
    """

    limit: int
    remaining: int
    wait_s: float
    reset_s: float

    @property
    def retry_after_s(self) -> int:
        """Whole seconds to wait, at least one."""
        return max(1, math.ceil(self.wait_s))


class TokenBuckets:
    """One bucket for each holder, all of one rate."""

    def __init__(self, rate: Rate, *, max_holders: int = MAX_HOLDERS) -> None:
        self._rate = rate
        self._max_holders = max_holders
        # When each bucket will be full again: all that has to be known of it.
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()

    def take(self, holder: Hashable, *, now: float) -> Taken:
        """Take a token of *holder* at *now* (seconds of a monotonic clock), if there is one."""
        full_at = max(now, self._full_at.pop(holder, now))
        tokens = self._tokens(full_at, now)
        wait_s = 0.0
        if tokens >= 1:
            full_at += 1 / self._rate.per_second
        else:
            wait_s = (1 - tokens) / self._rate.per_second
        self._remember(holder, full_at)
        remaining = math.floor(max(0.0, self._tokens(full_at, now)) + 1e-9)
        return Taken(limit=self._rate.burst, remaining=remaining, wait_s=wait_s, reset_s=full_at - now)

    def give_back(self, holder: Hashable) -> None:
        """Return a token that was taken."""
        if holder in self._full_at:
            self._full_at[holder] -= 1 / self._rate.per_second

    def _tokens(self, full_at: float, now: float) -> float:
        return self._rate.burst - (full_at - now) * self._rate.per_second

    def _remember(self, holder: Hashable, full_at: float) -> None:
        self._full_at[holder] = full_at
        if len(self._full_at) > self._max_holders:
            self._full_at.popitem(last=False)

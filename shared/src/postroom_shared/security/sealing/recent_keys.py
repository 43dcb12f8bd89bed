"""Data keys that were unwrapped a short while ago."""

import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from typing_extensions import override


class RecentKeys:
    """A bounded memory of data keys, each for a limited time; the longest unused is dropped first.

    Args:
        capacity: Most keys kept.
        lifetime: How long a key is kept after it was put in, used or not; it bounds how long another process can still
            open values of an organisation whose key was destroyed.
        clock: Monotonic seconds.
    """

    def __init__(self, *, capacity: int, lifetime: timedelta, clock: Callable[[], float] = time.monotonic) -> None:
        self._capacity = capacity
        self._lifetime_s = lifetime.total_seconds()
        self._clock = clock
        self._kept: OrderedDict[tuple[UUID, bytes], tuple[bytes, float]] = OrderedDict()

    @override
    def __repr__(self) -> str:
        return f"RecentKeys({len(self._kept)} of {self._capacity})"

    def find(self, organisation_id: UUID, key_id: bytes) -> bytes | None:
        """Return the key of that name, unless it is unknown or was kept for too long."""
        data_key, until = self._kept.get((organisation_id, key_id), (None, 0.0))
        if data_key is None or until <= self._clock():
            self._kept.pop((organisation_id, key_id), None)
            return None
        self._kept.move_to_end((organisation_id, key_id))
        return data_key

    def keep(self, organisation_id: UUID, key_id: bytes, data_key: bytes) -> None:
        """Remember a key, and let go of those kept for too long."""
        now = self._clock()
        for place in [place for place, (_, until) in self._kept.items() if until <= now]:
            del self._kept[place]
        self._kept[organisation_id, key_id] = (data_key, now + self._lifetime_s)
        self._kept.move_to_end((organisation_id, key_id))
        while len(self._kept) > self._capacity:
            self._kept.popitem(last=False)

    def forget(self, organisation_id: UUID) -> None:
        """Drop every key of an organisation."""
        for place in [place for place in self._kept if place[0] == organisation_id]:
            del self._kept[place]

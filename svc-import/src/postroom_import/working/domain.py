"""How a worker's turn at a copy ends. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from postroom_import.copies.domain import JobState
from postroom_import.copies.errors import (
    FailedCopyError,
    PasswordChangedError,
    SourceUnreachableError,
    TargetUnreachableError,
)
from postroom_import.copying.errors import Side

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 10.0
MOST_REFUSALS = 3
"""A source that refuses a password it took before may just be busy: it is asked so often."""


@dataclass(frozen=True, slots=True)
class End:
    """What becomes of the copy.

    Attributes:
        problem: Why it failed.
        retry_at: A running copy is tried again then.
        waiting_since: Since when a server is out of reach.
    """

    state: JobState
    problem: type[FailedCopyError] | None = None
    retry_at: datetime | None = None
    waiting_since: datetime | None = None


@dataclass(slots=True)
class Patience:
    """How long an unreachable server is tried again: soon, then later, then no more.

    Attributes:
        in_place: For how long this worker tries by itself.
        later: Until another try after that.
        give_up_after: Of being out of reach.
        waiting_since: When the server went out of reach, perhaps before this worker's turn.
    """

    in_place: timedelta
    later: timedelta
    give_up_after: timedelta
    waiting_since: datetime | None = None
    _tried_since: datetime | None = None
    _refusals: int = 0
    _delay_s: float = FIRST_DELAY_S

    def succeeded(self) -> None:
        """Begin anew: something was copied."""
        self.waiting_since = self._tried_since = None
        self._refusals = 0
        self._delay_s = FIRST_DELAY_S

    def refused(self) -> End | None:
        """Count a refused password; return the end when it is the last one."""
        self._refusals += 1
        return End(JobState.FAILED, PasswordChangedError) if self._refusals >= MOST_REFUSALS else None

    def lost(self, side: Side, *, now: datetime) -> End | None:
        """Return the end of this turn, or None when another try comes in `next_delay_s`."""
        self.waiting_since = self.waiting_since or now
        self._tried_since = self._tried_since or now
        if now - self.waiting_since >= self.give_up_after:
            return End(JobState.FAILED, SourceUnreachableError if side is Side.SOURCE else TargetUnreachableError)
        if now - self._tried_since >= self.in_place:
            return End(JobState.RUNNING, retry_at=now + self.later, waiting_since=self.waiting_since)
        return None

    def next_delay_s(self) -> float:
        """Return how long to wait before the next try; it grows each time."""
        delay, self._delay_s = self._delay_s, min(self._delay_s * 2, LONGEST_DELAY_S)
        return delay

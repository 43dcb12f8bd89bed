"""Leave a service alone for a moment when it keeps failing. Pure: the clock is an argument."""

from dataclasses import dataclass

FIRST_PAUSE_S = 1.0


@dataclass(slots=True, kw_only=True)
class CircuitBreaker:
    """Closed until *failures* requests in a row failed; then open for a pause that doubles up to *longest_pause_s*.

    After a pause one request is let through; its outcome closes the circuit or begins the next pause.
    """

    failures: int
    longest_pause_s: float
    _in_a_row: int = 0
    _pause_s: float = FIRST_PAUSE_S
    _open_until: float = 0.0
    _on_trial: bool = False

    def admits(self, now: float) -> bool:
        """Return whether a request may go through at *now* (seconds of a monotonic clock)."""
        if self._in_a_row < self.failures:
            return True
        if now < self._open_until or self._on_trial:
            return False
        self._on_trial = True
        return True

    def wait_s(self, now: float) -> float:
        """Return the seconds until the next request is let through; 0 while the circuit is closed."""
        return max(0.0, self._open_until - now) if self._in_a_row >= self.failures else 0.0

    def succeeded(self) -> None:
        """Close the circuit."""
        self._in_a_row, self._pause_s, self._on_trial = 0, FIRST_PAUSE_S, False

    def failed(self, now: float) -> None:
        """Count a failure; open the circuit when it was one too many."""
        self._in_a_row += 1
        self._on_trial = False
        if self._in_a_row >= self.failures:
            self._open_until = now + self._pause_s
            self._pause_s = min(self._pause_s * 2, self.longest_pause_s)

    def given_up(self) -> None:
        """Forget a request whose client went away before its outcome was known."""
        self._on_trial = False

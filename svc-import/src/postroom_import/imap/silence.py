"""Noticing a server that has stopped talking."""

import asyncio
from collections.abc import Callable

READ_BYTES = 262_144


class SilenceWatch:
    """Read from a connection, but wait only so long for the next octet while an answer is due.

    Args:
        silence_s: Seconds without an octet in either direction.
        is_due: Whether the server owes an answer.
    """

    def __init__(self, silence_s: float, *, is_due: Callable[[], bool]) -> None:
        self._silence_s = silence_s
        self._is_due = is_due
        self._deadline: asyncio.Timeout | None = None

    async def read(self, reader: asyncio.StreamReader) -> bytes:
        """Return what has come, at most `READ_BYTES`; nothing at the end. Raise `TimeoutError` after the silence."""
        async with asyncio.timeout(None) as deadline:
            self._deadline = deadline
            self.touch()
            try:
                return await reader.read(READ_BYTES)
            finally:
                self._deadline = None

    def touch(self) -> None:
        """Count anew: something was sent, or an answer has become due."""
        if self._deadline is None or self._deadline.expired():
            return
        now = asyncio.get_running_loop().time()
        self._deadline.reschedule(now + self._silence_s if self._is_due() else None)

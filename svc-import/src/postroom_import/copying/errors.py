"""What ends a copy early. The worker decides what each means for the job."""

from enum import StrEnum


class Side(StrEnum):
    """Which of the two mail servers."""

    SOURCE = "source"
    TARGET = "target"


class CopyError(Exception):
    """The copy cannot go on."""


class SideLostError(CopyError):
    """One of the servers cannot be reached or understood now; a later try goes on where this one ended."""

    def __init__(self, side: Side, cause: Exception) -> None:
        super().__init__(f"{side}: {cause}")
        self.side = side
        self.cause = cause


class SideRefusedError(CopyError):
    """One of the servers does not let us in any more."""

    def __init__(self, side: Side, cause: Exception) -> None:
        super().__init__(f"{side}: {cause}")
        self.side = side
        self.cause = cause


class TargetFullError(CopyError):
    """The target's quota is used up."""


class CopyStoppedError(CopyError):
    """Somebody paused or cancelled the job, the process stops, or another worker has the lease."""

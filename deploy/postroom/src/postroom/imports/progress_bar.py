"""The progress of a copy on a terminal: folders, messages, rate, time left."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Column

from postroom.command_line.languages import Language, duration, number
from postroom.command_line.terminal import printable
from postroom.imports.telling import size
from postroom.imports.words import WORDS

RATE_OVER_S = 15.0
"""The rate is that of the last seconds, so that it follows what the servers do now."""

FIGURES_COLUMNS = 54
"""What counts, rate and time left take; the place and the bar share the rest."""
PLACE_COLUMNS = 12, 36
BAR_COLUMNS = 6, 40


class Pace:
    """How fast a copy goes, from its last snapshots.

    Args:
        clock: Seconds of a clock that only goes forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, int, int]] = deque()

    def note(self, messages: int, octets: int) -> None:
        """Remember how far it is now."""
        now = self._clock()
        self._seen.append((now, messages, octets))
        while self._seen[0][0] < now - RATE_OVER_S:
            self._seen.popleft()

    def rates(self) -> tuple[float, float]:
        """Return messages and octets a second; nothing before there are two snapshots."""
        if len(self._seen) < 2:
            return 0.0, 0.0
        (began, first, first_octets), (now, last, last_octets) = self._seen[0], self._seen[-1]
        took = now - began
        return ((last - first) / took, (last_octets - first_octets) / took) if took > 0 else (0.0, 0.0)

    def left_s(self, messages: int) -> float | None:
        """Return the seconds that so many messages take at this rate, None when it cannot be told.

        Octets tell nothing here: those of a folder are known when its turn comes.
        """
        rate, _ = self.rates()
        return messages / rate if rate > 0 else None


def _between(least: int, most: int, wanted: int) -> int:
    return max(least, min(most, wanted))


class ProgressBar:
    """Shows one copy until the end of the `with` block."""

    def __init__(self, console: Console, language: Language) -> None:
        self._language = language
        self._words = WORDS[language]
        self._pace = Pace()
        place = _between(*PLACE_COLUMNS, console.width - FIGURES_COLUMNS - BAR_COLUMNS[0])
        self._progress = Progress(
            TextColumn("{task.fields[place]}", markup=False, table_column=Column(no_wrap=True, max_width=place)),
            BarColumn(bar_width=_between(*BAR_COLUMNS, console.width - FIGURES_COLUMNS - place)),
            MofNCompleteColumn(),
            TextColumn("{task.fields[pace]}", markup=False),
            console=console,
            transient=True,
        )
        self._task: TaskID = self._progress.add_task("", total=None, place="", pace="")

    def __enter__(self) -> Self:
        """Begin to show it."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal as it was."""
        self._progress.stop()

    def show(self, copy: Mapping[str, Any]) -> None:
        """Show the present state."""
        progress = copy["progress"]
        self._pace.note(progress["messages_done"], progress["bytes_done"])
        self._progress.update(
            self._task,
            total=progress["messages_total"] or None,
            completed=progress["messages_done"],
            place=self._place(progress),
            pace=self._words.waiting if copy["waiting"] else self._pace_text(progress),
        )

    def show_lost(self) -> None:
        """Show that the suite does not answer just now."""
        self._progress.update(self._task, pace=self._words.lost)

    def _place(self, progress: Mapping[str, Any]) -> str:
        if not progress["folders_total"]:
            return self._words.preparing
        folders = self._words.folder_of.format(
            done=min(progress["folders_done"] + 1, progress["folders_total"]), total=progress["folders_total"]
        )
        name = printable(progress["current_folder"] or "")
        return f"{folders} {name}".rstrip()

    def _pace_text(self, progress: Mapping[str, Any]) -> str:
        if not progress["messages_done"]:
            return ""
        messages_rate, octets_rate = self._pace.rates()
        rate = self._words.rate.format(count=number(round(messages_rate), self._language), size=size(octets_rate))
        left_s = self._pace.left_s(progress["messages_total"] - progress["messages_done"])
        if left_s is None or progress["folders_done"] == progress["folders_total"]:
            return rate
        return f"{rate}, {self._words.left.format(time=duration(timedelta(seconds=round(left_s)), self._language))}"

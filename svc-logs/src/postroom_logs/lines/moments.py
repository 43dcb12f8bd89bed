"""When a line was written, in microseconds since 1970 UTC."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_SECOND_US: Final = 1_000_000
_CACHE_LIMIT: Final = 4096
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}
_AHEAD: Final = timedelta(days=1)
"""How far a host's clock may run ahead before a line counts as last year's."""


def microseconds_of(moment: datetime) -> int:
    """Return an aware moment as microseconds since 1970 UTC."""
    return (moment - EPOCH) // _MICROSECOND


def moment_of(microseconds: int) -> datetime:
    """Return microseconds since 1970 UTC as an aware moment."""
    return EPOCH + timedelta(microseconds=microseconds)


class Rfc3339Clock:
    """Reads `2026-11-01T00:00:01.123456+00:00`; many lines share a minute, so minutes are remembered."""

    def __init__(self) -> None:
        self._minutes: dict[str, int] = {}
        self._zone = ""

    def microseconds(self, stamp: str) -> int:
        """Return the moment of *stamp*.

        Raises:
            ValueError: It is no moment of RFC 3339 §5.6 with a zone.
        """
        if stamp[26:] == self._zone:
            minute = self._minutes.get(stamp[:16])
            if minute is not None:
                return minute + int(stamp[17:19] + stamp[20:26])
        return self._learn(stamp)

    def _learn(self, stamp: str) -> int:
        moment = datetime.fromisoformat(stamp)
        if moment.tzinfo is None:
            raise ValueError("a moment without a zone")
        at_us = microseconds_of(moment)
        if stamp[19:20] == "." and stamp[20:26].isdecimal() and stamp[26:27] in {"Z", "+", "-"}:
            if stamp[26:] != self._zone or len(self._minutes) > _CACHE_LIMIT:
                self._zone = stamp[26:]
                self._minutes.clear()
            self._minutes[stamp[:16]] = at_us - moment.second * _SECOND_US - moment.microsecond
        return at_us


class YearlessClock:
    """Reads RFC 3164's `Nov  1 00:00:01`, which says neither year nor zone.

    The year is the last one in which the moment is not after `latest`, so lines are right across New Year as long as
    a file holds less than a year.
    """

    def __init__(self, *, zone: tzinfo, latest: datetime) -> None:
        """Read with the host's *zone*; *latest* is aware: the time of reading, or a file's last change."""
        self._zone = zone
        self._latest = latest + _AHEAD
        self._minutes: dict[str, int] = {}

    def move(self, latest: datetime) -> None:
        """Take *latest* as the new bound."""
        if latest + _AHEAD > self._latest:
            self._latest = latest + _AHEAD
            self._minutes.clear()

    def microseconds(self, stamp: str) -> int:
        """Return the moment of *stamp*, `Nov  1 00:00:01` or `Nov 1 00:00:01`.

        Raises:
            ValueError: It is no moment of RFC 3164 §4.1.2.
        """
        minute = self._minutes.get(stamp[:-3])
        if minute is None:
            if len(self._minutes) > _CACHE_LIMIT:
                self._minutes.clear()
            minute = self._minutes[stamp[:-3]] = self._find(stamp[:-3])
        return minute + int(stamp[-2:]) * _SECOND_US

    def _find(self, stamp: str) -> int:
        month, day, clock = stamp.split()
        hour, minute = (int(part) for part in clock.split(":"))
        year = self._latest.year
        for candidate in range(year + 1, year - 9, -1):
            try:
                moment = datetime(candidate, _MONTHS.get(month, 0), int(day), hour, minute, tzinfo=self._zone)
            except ValueError:  # 29 February of a year that has none
                continue
            if moment <= self._latest:
                return microseconds_of(moment)
        raise ValueError("no such day")


class ZonelessClock:
    """Reads Exim's `2026-11-01 00:00:01`, with or without fractions and zone."""

    def __init__(self, *, zone: tzinfo) -> None:
        self._zone = zone

    def microseconds(self, stamp: str) -> int:
        """Return the moment of *stamp*.

        Raises:
            ValueError: It is no such moment.
        """
        moment = datetime.fromisoformat(stamp)
        return microseconds_of(moment if moment.tzinfo else moment.replace(tzinfo=self._zone))

"""INTERNALDATE: kept as the server wrote it, so that a copy carries the very same text (RFC 3501 §2.3.3)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Self

from postroom_import.imap.errors import ImapUsageError

_MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")
_DATE_TIME = re.compile(
    rb"([ 0-3]?\d)-(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class InternalDate:
    """The moment a server received a message, in the server's own text.

    Args:
        wire: As in "17-Jul-1996 02:44:25 -0700"; servers have been seen to send others, see `is_valid`.
    """

    wire: bytes

    @classmethod
    def of(cls, moment: datetime) -> Self:
        """Return the text for an aware *moment*, in its own offset; fractions of a second are cut."""
        offset = moment.utcoffset()
        if offset is None:
            raise ImapUsageError("A date without a time zone cannot be sent")
        minutes = int(offset.total_seconds()) // 60
        sign, hours = (b"-" if minutes < 0 else b"+"), divmod(abs(minutes), 60)
        day = b"%2d-%b-%04d" % (moment.day, _MONTHS[moment.month - 1], moment.year)
        clock = moment.strftime("%H:%M:%S").encode("ascii")
        return cls(b"%b %b %b%02d%02d" % (day, clock, sign, *hours))

    @property
    def is_valid(self) -> bool:
        """Tell whether any server can be expected to take it."""
        try:
            self.moment()
        except ImapUsageError:
            return False
        return True

    def moment(self) -> datetime:
        """Return it as an aware datetime in the server's offset; `ImapUsageError` when it is no date."""
        match = _DATE_TIME.fullmatch(self.wire)
        if match is None:
            raise ImapUsageError(f"Not an INTERNALDATE: {self.wire[:40]!r}")
        day, year, hour, minute, second = (int(match[group]) for group in (1, 3, 4, 5, 6))
        month = _MONTHS.index(match[2].capitalize()) + 1
        offset = timedelta(hours=int(match[8]), minutes=int(match[9]))
        try:
            zone = timezone(-offset if match[7] == b"-" else offset) if offset else UTC
            return datetime(year, month, day, hour, minute, second, tzinfo=zone)
        except ValueError as error:
            raise ImapUsageError(f"Not an INTERNALDATE: {self.wire[:40]!r}") from error

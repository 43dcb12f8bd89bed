"""The loggers themselves: a hole in the log is worth a warning."""

import re
from typing import Final

from postroom_logs.daemons.log_events import LinesLost, Reading
from postroom_logs.daemons.registration import Program, reads

_LOST: Final = re.compile(r"(\d+) messages? (?:lost due to rate-limiting|.*?dropped)|Suppressed (\d+) messages")


@reads("rsyslogd", "systemd-journald", "syslog-ng", "rsyslogd-pstats")
def read_logger(line: str, start: int, _program: Program) -> Reading:
    """Read how many lines the logger dropped."""
    found = _LOST.search(line, start)
    return LinesLost(int(found[1] or found[2])) if found else None

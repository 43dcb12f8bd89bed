"""rspamd: the score of a message and what is to be done with it."""

from typing import Final

from postroom_logs.daemons.log_events import NOT_UNDERSTOOD, Reading, Scanned
from postroom_logs.daemons.registration import Program, reads

_new: Final = tuple.__new__
"""Makes a named tuple in half the time of its own constructor: a line for each message comes here."""


@reads("rspamd", "rspamd_proxy", "(rspamd_proxy)")
def read_rspamd(line: str, start: int, _program: Program) -> Reading:
    """Read `rspamd_task_write_log: id: <>, qid: <>, ... (default: F (no action): [1.00/15.00] [...]), ...`."""
    begin = line.find("rspamd_task_write_log: ", start)
    if begin < 0:
        return None
    identity = line.find("id: <", begin)
    queue = line.find(">, qid: <", identity)
    verdict = line.find("(default: ", queue)
    action = line.find(" (", verdict + 10)
    score = line.find("): [", action)
    slash = line.find("/", score)
    close = line.find("]", slash)
    if min(identity, queue, verdict, action, score, slash, close) < 0:
        return None if queue < 0 else NOT_UNDERSTOOD
    try:
        points, limit = float(line[score + 4 : slash]), float(line[slash + 1 : close])
    except ValueError:
        return NOT_UNDERSTOOD
    recipients = line.rfind(", rcpts: <")
    return _new(
        Scanned,
        (
            line[queue + 9 : line.find(">", queue + 9)],
            line[identity + 5 : queue],
            line[action + 2 : score],
            points,
            limit,
            line[recipients + 10 : line.find(">", recipients)] if recipients >= 0 else "",
        ),
    )

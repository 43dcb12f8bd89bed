"""amavis: a filter between two queues."""

import re
from typing import Final

from postroom_logs.daemons.log_events import NOT_UNDERSTOOD, Filtered, Reading
from postroom_logs.daemons.registration import Program, reads

_PASSED: Final = re.compile(
    r"\(([\w-]+)\) (Passed|Blocked) ([A-Z-]+)(?: \(([^)]*)\))? \{([^}]*)\}, "
    r"(?:[A-Z_ /]+ )?(?:\[([^\]]*)\](?::(\d+))? )?(?:\[[^\]]*\] )?<(.*?)> -> (<.*?>), (.*)"
)
_FIELD: Final = re.compile(r"(quarantine|Queue-ID|Message-ID|Hits|size|queued_as): ([^,]*)")
_ELAPSED: Final = re.compile(r"(\d+) ms\b")


@reads("amavis", "amavisd", "amavisd-new")
def read_amavis(line: str, start: int, _program: Program) -> Reading:
    """Read amavis' line about a message (its template `log_templ`); other lines concern its work."""
    close = line.find(") ", start)
    if not line.startswith(("Passed ", "Blocked "), close + 2):
        return None
    found = _PASSED.match(line, start)
    if found is None:
        return NOT_UNDERSTOOD
    task, action, verdict, finding, effects, address, port, sender, recipients, rest = found.groups()
    fields = dict(_FIELD.findall(rest))
    elapsed = _ELAPSED.search(rest)
    message_id = fields.get("Message-ID")
    return Filtered(
        task=task,
        action=action,
        verdict=verdict,
        finding=finding,
        effects=effects,
        client_address=address,
        client_port=port,
        sender=sender,
        recipients=tuple(recipient[1:-1] for recipient in recipients.split(",")),
        quarantine=fields.get("quarantine"),
        queue_id=fields.get("Queue-ID"),
        message_id=message_id.strip("<>") if message_id else None,
        score=fields.get("Hits"),
        size_bytes=int(fields["size"]) if fields.get("size", "").isdecimal() else None,
        queued_as=tuple(fields.get("queued_as", "").replace("/", " ").split()),
        elapsed_ms=int(elapsed[1]) if elapsed else None,
    )

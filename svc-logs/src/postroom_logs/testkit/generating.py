"""A busy host's log of any length, in any format, with the truth."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from postroom_logs.testkit import refusal_scenes, scenes
from postroom_logs.testkit.stage import START_S, Stage, WrittenLine

FORMATS: Final = ("rfc3339", "rfc3164", "rfc5424", "journal")
_MIX: Final = (
    (scenes.stored, 30),
    (scenes.ruled, 6),
    (scenes.filtered, 12),
    (scenes.infected, 1),
    (scenes.sent, 20),
    (scenes.bounced, 2),
    (scenes.forwarded, 2),
    (scenes.by_other_agents, 2),
    (refusal_scenes.refused, 15),
    (refusal_scenes.refused_at_the_end, 2),
    (refusal_scenes.probed, 1),
    (refusal_scenes.noise, 7),
)


def play(*, seed: int, messages: int, short_queue_ids: bool = False) -> Stage:
    """Return a stage after *messages* scenes, about one a second."""
    stage = Stage(seed=seed, short_queue_ids=short_queue_ids)
    played, weights = zip(*_MIX, strict=True)
    at_s = START_S
    for _ in range(messages):
        at_s += stage.random.expovariate(1.0)
        stage.random.choices(played, weights)[0](stage, at_s)
    stage.lines.sort()
    return stage


def formatted(lines: list[WrittenLine], *, style: str, host: str = "mail1") -> Iterator[str]:
    """Yield *lines* with the headers of one of `FORMATS`."""
    for line in lines:
        moment = datetime.fromtimestamp(line.at_s, UTC)
        tag = line.program if line.program == "dovecot" else f"{line.program}[{line.process_id}]"
        if style == "rfc3339":
            yield f"{moment:%Y-%m-%dT%H:%M:%S.%f}+00:00 {host} {tag}: {line.text}"
        elif style == "rfc3164":
            yield f"{moment:%b} {moment.day:>2} {moment:%H:%M:%S} {host} {tag}: {line.text}"
        elif style == "rfc5424":
            yield f"<22>1 {moment:%Y-%m-%dT%H:%M:%S.%f}Z {host} {line.program} {line.process_id} - - {line.text}"
        else:
            yield json.dumps(
                {
                    "__REALTIME_TIMESTAMP": str(int(line.at_s * 1_000_000)),
                    "_HOSTNAME": host,
                    "SYSLOG_IDENTIFIER": line.program,
                    "MESSAGE": line.text,
                }
            )

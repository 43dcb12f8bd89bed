"""Lines a second from a mail log to deliveries, on one core, beside pflogsumm's summary of the same file.

Usage: python tests/bench/logs.py [--messages N] [--rounds N]        prints one JSON line a case

pflogsumm (Debian package of that name) reads headers of RFC 3164 only; both get the same file, turn and turn about.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from postroom_logs.correlation.correlator import Correlator
from postroom_logs.lines.reading import LineReader
from postroom_logs.lines.splitting import LineSplitter
from postroom_logs.lines.steadiness import reading_steadily
from postroom_logs.testkit.generating import formatted, play

CHUNK = 1 << 17


def correlate(path: Path) -> int:
    """Turn a file into deliveries; return how many."""
    reader = LineReader(zone=UTC, latest=datetime(2026, 12, 31, tzinfo=UTC))
    correlator, splitter = Correlator(), LineSplitter()
    deliveries = 0
    with path.open("rb") as file, reading_steadily():
        while chunk := file.read(CHUNK):
            reader.read_into(splitter.split(chunk), correlator.feed)
            deliveries += len(correlator.changes())
    return deliveries


def summarise(path: Path) -> int:
    """Let pflogsumm read a file; return the length of its report."""
    command = shutil.which("pflogsumm", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if command is None:
        sys.exit("pflogsumm is not installed: apt-get install pflogsumm")
    return len(subprocess.run([command, str(path)], check=True, capture_output=True).stdout)


def seconds(work: Callable[[Path], int], path: Path) -> float:
    """Return how long *work* takes."""
    begin = time.perf_counter()
    work(path)
    return time.perf_counter() - begin


def main() -> None:
    """Write a log, let both read it alternately, print the medians."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    stage = play(seed=1, messages=arguments.messages)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mail.log"
        path.write_text("".join(f"{line}\n" for line in formatted(stage.lines, style="rfc3164")))
        modern = Path(folder) / "mail-rfc3339.log"
        modern.write_text("".join(f"{line}\n" for line in formatted(stage.lines, style="rfc3339")))
        times: dict[str, list[float]] = {"ours": [], "theirs": [], "modern": []}
        for _ in range(arguments.rounds):
            times["ours"].append(seconds(correlate, path))
            times["theirs"].append(seconds(summarise, path))
            times["modern"].append(seconds(correlate, modern))
    rates = {name: len(stage.lines) / statistics.median(measured) for name, measured in times.items()}
    for case, ours in (("correlate-rfc3164", rates["ours"]), ("correlate-rfc3339", rates["modern"])):
        result = {
            "bench": "logs",
            "case": case,
            "metric": "lines/s",
            "ours": round(ours),
            "rival": "pflogsumm",
            "theirs": round(rates["theirs"]),
            "ratio": round(ours / rates["theirs"], 2),
        }
        print(json.dumps(result))  # noqa: T201 - the result


if __name__ == "__main__":
    main()

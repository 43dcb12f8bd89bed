"""From a line to an event with its time and host; the header's format is found out for each line."""

from collections.abc import Callable, Iterable
from datetime import datetime, tzinfo
from typing import Final, NamedTuple, TypeAlias

from postroom_logs.daemons.log_events import NOT_UNDERSTOOD, LogEvent, Reading
from postroom_logs.daemons.registration import Program, Reader, program_named, reader_of
from postroom_logs.lines.journal import Entry, read_entry
from postroom_logs.lines.moments import Rfc3339Clock, YearlessClock, ZonelessClock
from postroom_logs.lines.unknowns import Unknowns

_TAGS: Final = 50_000
"""Programs with their process ids that are remembered."""


Sink: TypeAlias = Callable[[int, str, LogEvent], None]
"""Takes an event: when it was written (microseconds since 1970 UTC), by which host, what."""


class ReadLine(NamedTuple):
    """An event, when it was written and by which host."""

    at_us: int
    host: str
    event: LogEvent


class Header(NamedTuple):
    """Where a line was written: for those who look at headers, not for the hot path."""

    at_us: int
    host: str
    program: str
    process_id: str


def _read_nothing(_line: str, _start: int, _program: Program) -> Reading:
    return NOT_UNDERSTOOD


class LineReader:
    """Reads the lines of one source, in any mixture of formats; never raises, whatever the line holds."""

    def __init__(self, *, zone: tzinfo, latest: datetime, host: str = "") -> None:
        """Read a source.

        Args:
            zone: Zone of RFC 3164 and Exim headers.
            latest: No line is later than this; aware. Gives RFC 3164 headers their year.
            host: Host of lines that name none.
        """
        self.unknowns = Unknowns()
        self._host = host
        self._rfc3339 = Rfc3339Clock()
        self._yearless = YearlessClock(zone=zone, latest=latest)
        self._zoneless = ZonelessClock(zone=zone)
        self._tags: dict[str, tuple[Reader, Program]] = {}

    def move(self, latest: datetime) -> None:
        """Say that lines up to *latest* may follow."""
        self._yearless.move(latest)

    def read(self, line: str) -> ReadLine | None:
        """Return the event of a line without its end, `None` when it says nothing about a delivery."""
        found: list[ReadLine] = []
        self.read_into((line,), lambda *parts: found.append(ReadLine(*parts)))
        return found[0] if found else None

    def read_into(self, lines: Iterable[str], sink: Sink) -> None:
        """Hand the events of *lines* to *sink*, in their order.

        The two formats that mail hosts write are read here, in one loop and without a call of their own
        (docs/adr/0301-log-parser.md).
        """
        tags, learn, give_up = self._tags, self._learn, self._give_up
        rfc3339, yearless = self._rfc3339.microseconds, self._yearless.microseconds
        for line in lines:
            if line[10:11] == "T":
                clock = rfc3339
                stamp_end = line.find(" ", 19)
            elif line[3:4] == " ":
                clock = yearless
                stamp_end = line.find(":") + 6
            else:
                self._read_rare(line, sink)
                continue
            host_end = line.find(" ", stamp_end + 1)
            colon = line.find(": ", host_end)
            if colon < 0 or host_end < 0:
                self._read_rare(line, sink)
                continue
            tag = line[host_end + 1 : colon]
            reader, program = tags.get(tag) or learn(tag)
            event = reader(line, colon + 2, program)
            if event is None:
                continue
            host = line[stamp_end + 1 : host_end]
            if event is NOT_UNDERSTOOD:
                give_up(line, host, program.name)
                continue
            try:
                at_us = clock(line[:stamp_end])
            except (ValueError, OverflowError):
                give_up(line, host, program.name)
                continue
            sink(at_us, host, event)

    def _learn(self, tag: str) -> tuple[Reader, Program]:
        if len(self._tags) > _TAGS:
            self._tags.clear()
        program = program_named(tag.partition("[")[0])
        if " " in program.name:
            return _read_nothing, program_named("")
        known = (reader_of(program) or _read_nothing, program)
        self._tags[tag] = known
        return known

    def _give_up(self, line: str, host: str, program: str) -> None:
        if line:
            self.unknowns.add(host=host, program=program, line=line)

    def _read_rare(self, line: str, sink: Sink) -> None:
        first = line[:1]
        try:
            if first == "<":
                self._read_prioritised(line, sink)
            elif first == "{":
                entry = read_entry(line)
                self._read_text(line, entry, sink)
            elif line[10:11] == " " and first.isdigit():
                self._read_zoneless(line, sink)
            else:
                self._give_up(line, "", "")
        except (ValueError, OverflowError):
            self._give_up(line, "", "")

    def _read_text(self, line: str, entry: Entry, sink: Sink) -> None:
        reader, program = self._tags.get(entry.program) or self._learn(entry.program)
        event = reader(entry.text, 0, program)
        if event is NOT_UNDERSTOOD:
            self._give_up(line, entry.host, program.name)
        elif event is not None:
            sink(entry.at_us, entry.host, event)

    def _read_prioritised(self, line: str, sink: Sink) -> None:
        rest = line[line.index(">") + 1 :]
        if rest[:2] != "1 ":
            if rest[:1] in {"<", "{"}:
                raise ValueError("no header")
            self.read_into((rest,), sink)
            return
        # RFC 5424 §6: version, time, host, program, process, message id, structured data, text
        _, stamp, host, program, _, _, rest = rest.split(" ", 6)
        text = _after_structured_data(rest).removeprefix("\ufeff")
        self._read_text(line, Entry(self._rfc3339.microseconds(stamp), host, program, text), sink)

    def _read_zoneless(self, line: str, sink: Sink) -> None:
        end = line.index(" ", 11)
        stamp = line[:end]
        if line[end + 1 : end + 2] in {"+", "-"} and line[end + 6 : end + 7] == " ":
            stamp += line[end + 1 : end + 6]
            end += 6
        program = "rspamd" if line[end + 1 : end + 2] == "#" else "exim"  # rspamd's own file has the same kind of stamp
        self._read_text(line, Entry(self._zoneless.microseconds(stamp), self._host, program, line[end + 1 :]), sink)


def _after_structured_data(rest: str) -> str:
    if not rest.startswith("["):
        return rest.partition(" ")[2]
    inside_quotes = False
    position = 0
    while position < len(rest):
        character = rest[position]
        if character == "\\":
            position += 1
        elif character == '"':
            inside_quotes = not inside_quotes
        elif character == "]" and not inside_quotes and rest[position + 1 : position + 2] != "[":
            return rest[position + 2 :]
        position += 1
    return ""


def read_header(line: str, *, zone: tzinfo, latest: datetime) -> Header | None:
    """Return what the header of a syslog line says, `None` when it has none; for timelines and tests."""
    if line[10:11] == "T":
        clock: Rfc3339Clock | YearlessClock = Rfc3339Clock()
        end = line.find(" ", 19)
    else:
        clock = YearlessClock(zone=zone, latest=latest)
        end = line.find(":") + 6
    host_end = line.find(" ", end + 1)
    tag, colon, _ = line[host_end + 1 :].partition(": ")
    if not colon:
        return None
    program, _, process = tag.partition("[")
    try:
        return Header(clock.microseconds(line[:end]), line[end + 1 : host_end], program, process.rstrip("]"))
    except (ValueError, OverflowError):
        return None

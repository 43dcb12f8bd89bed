from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from postroom_logs.daemons.log_events import Removed
from postroom_logs.lines.moments import microseconds_of
from postroom_logs.lines.reading import LineReader, ReadLine, read_header

LATEST = datetime(2026, 11, 25, 12, tzinfo=UTC)
TEXT = "4XyzABC12z1: removed"
REMOVED = Removed("4XyzABC12z1")


def reader(*, zone: tzinfo = UTC, latest: datetime = LATEST):
    return LineReader(zone=zone, latest=latest, host="here")


def at(*parts: Any, zone: tzinfo = UTC):
    return microseconds_of(datetime(*parts, tzinfo=zone))


@pytest.mark.parametrize(
    ("line", "moment"),
    [
        (f"2026-11-01T00:00:01.123456+00:00 mx postfix/qmgr[1]: {TEXT}", at(2026, 11, 1, 0, 0, 1, 123456)),
        (f"2026-11-01T02:00:01.123456+02:00 mx postfix/qmgr[1]: {TEXT}", at(2026, 11, 1, 0, 0, 1, 123456)),
        (f"2026-11-01T00:00:01.123456Z mx postfix/qmgr[1]: {TEXT}", at(2026, 11, 1, 0, 0, 1, 123456)),
        (f"2026-11-01T00:00:01Z mx postfix/qmgr[1]: {TEXT}", at(2026, 11, 1, 0, 0, 1)),
        (f"2026-11-01T00:00:01.5+01:00 mx postfix/qmgr[1]: {TEXT}", at(2026, 10, 31, 23, 0, 1, 500000)),
        (f"Nov  1 00:00:01 mx postfix/qmgr[1]: {TEXT}", at(2026, 11, 1, 0, 0, 1)),
        (f"Nov 1 00:00:01 mx postfix/qmgr[1]: {TEXT}", at(2026, 11, 1, 0, 0, 1)),
        (f"<22>Nov  1 00:00:01 mx postfix/qmgr[1]: {TEXT}", at(2026, 11, 1, 0, 0, 1)),
        (f"<22>2026-11-01T00:00:01.000002Z mx postfix/qmgr[1]: {TEXT}", at(2026, 11, 1, 0, 0, 1, 2)),
        (f"<22>1 2026-11-01T00:00:01.000002Z mx postfix/qmgr 1 - - {TEXT}", at(2026, 11, 1, 0, 0, 1, 2)),
        (f'<22>1 2026-11-01T00:00:01Z mx postfix/qmgr 1 - [x@1 a="] b"][y@1] \ufeff{TEXT}', at(2026, 11, 1, 0, 0, 1)),
        (
            '{"__REALTIME_TIMESTAMP":"1793491201000002","_HOSTNAME":"mx","SYSLOG_IDENTIFIER":"postfix/qmgr",'
            f'"MESSAGE":"{TEXT}"}}',
            at(2026, 11, 1, 0, 0, 1, 2),
        ),
        (
            '{"__REALTIME_TIMESTAMP":"1793491201000002","_HOSTNAME":"mx","SYSLOG_IDENTIFIER":"postfix/qmgr",'
            f'"MESSAGE":{list(TEXT.encode())}}}',
            at(2026, 11, 1, 0, 0, 1, 2),
        ),
    ],
)
def test_the_header_is_found_out_for_each_line(line: str, moment: int):
    assert reader().read(line) == ReadLine(moment, "mx", REMOVED)


def test_all_formats_may_stand_in_one_file():
    source = reader()

    found = [
        source.read(f"Nov  1 00:00:01 mx postfix/qmgr[1]: {TEXT}"),
        source.read(f"2026-11-01T00:00:01.000000+00:00 mx postfix/qmgr[1]: {TEXT}"),
        source.read(f"2026-11-01T01:00:01.000000+01:00 mx postfix/qmgr[1]: {TEXT}"),
        source.read(f"<22>1 2026-11-01T00:00:01Z mx postfix/qmgr 1 - - {TEXT}"),
    ]

    assert {line.at_us for line in found} == {at(2026, 11, 1, 0, 0, 1)}


@pytest.mark.parametrize(
    ("latest", "stamp", "moment"),
    [
        (datetime(2027, 1, 1, 0, 5, tzinfo=UTC), "Dec 31 23:59:59", at(2026, 12, 31, 23, 59, 59)),
        (datetime(2027, 1, 1, 0, 5, tzinfo=UTC), "Jan  1 00:00:01", at(2027, 1, 1, 0, 0, 1)),
        (datetime(2026, 12, 31, 23, 59, tzinfo=UTC), "Jan  1 00:00:01", at(2027, 1, 1, 0, 0, 1)),
        (datetime(2027, 6, 1, tzinfo=UTC), "Jul  1 00:00:01", at(2026, 7, 1, 0, 0, 1)),
        (datetime(2027, 3, 1, tzinfo=UTC), "Feb 29 12:00:00", at(2024, 2, 29, 12)),
    ],
)
def test_a_header_without_a_year_is_of_the_last_year_that_is_not_in_the_future(
    latest: datetime, stamp: str, moment: int
):
    line = reader(latest=latest).read(f"{stamp} mx postfix/qmgr[1]: {TEXT}")

    assert line.at_us == moment


def test_new_year_passes_while_a_file_is_followed():
    source = reader(latest=datetime(2026, 12, 31, 23, 0, tzinfo=UTC))
    before = source.read(f"Dec 31 22:59:00 mx postfix/qmgr[1]: {TEXT}")

    source.move(datetime(2027, 1, 5, tzinfo=UTC))
    after = source.read(f"Jan  4 00:00:00 mx postfix/qmgr[1]: {TEXT}")

    assert (before.at_us, after.at_us) == (at(2026, 12, 31, 22, 59), at(2027, 1, 4))


def test_a_header_without_a_zone_has_the_hosts():
    line = reader(zone=ZoneInfo("Europe/Zurich")).read(f"Jul  1 02:00:00 mx postfix/qmgr[1]: {TEXT}")

    assert line.at_us == at(2026, 7, 1, 0, 0, 0)


def test_a_line_of_exims_own_file_has_no_host():
    line = reader().read("2026-11-01 00:00:01 1abcDE-0001xy-2Z Completed")

    assert line == ReadLine(at(2026, 11, 1, 0, 0, 1), "here", Removed("1abcDE-0001xy-2Z"))


def test_lines_not_understood_are_counted_by_host_and_program_with_a_few_samples():
    source = reader()

    for number in range(9):
        source.read(f"Nov  1 00:00:01 mx postfix/smtp[{number}]: 4XyzABC12z1: a new kind of line")
    source.read("Nov  1 00:00:01 mx frobnicator[1]: hello")
    source.read("no header at all")

    counted = {(unknown.host, unknown.program): unknown for unknown in source.unknowns}
    assert counted["mx", "postfix/smtp"].lines == 9
    assert len(counted["mx", "postfix/smtp"].samples) == 5
    assert counted["mx", "frobnicator"].lines == 1
    assert counted["", ""].samples == ("no header at all",)
    assert source.unknowns.total == 11


def test_the_number_of_programs_that_are_counted_is_bounded():
    source = reader()

    for number in range(1000):
        source.read(f"Nov  1 00:00:01 mx program{number}: hello")

    assert len(list(source.unknowns)) <= 501
    assert sum(unknown.lines for unknown in source.unknowns.take()) == 1000
    assert source.unknowns.total == 0


def test_the_header_alone_can_be_read():
    header = read_header("Nov  1 00:00:01 mx postfix/qmgr[17]: x", zone=UTC, latest=LATEST)

    assert header == (at(2026, 11, 1, 0, 0, 1), "mx", "postfix/qmgr", "17")
    assert read_header("nothing", zone=UTC, latest=LATEST) is None

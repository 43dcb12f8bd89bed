"""Whatever bytes come, reading goes on."""

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from postroom_logs.correlation.correlator import Correlator
from postroom_logs.correlation.states import dump_state, restore_state
from postroom_logs.lines.reading import LineReader
from postroom_logs.lines.splitting import LineSplitter
from postroom_logs.reasons.explaining import explain
from postroom_logs.reasons.rendering import LANGUAGES, preferred_language, render
from postroom_logs.testkit.generating import formatted, play

LATEST = datetime(2026, 11, 25, tzinfo=UTC)
DATA = Path(__file__).parent.parent / "data"
GENERATED = [
    line
    for style in ("rfc3339", "rfc3164", "rfc5424", "journal")
    for line in formatted(play(seed=1, messages=60).lines, style=style)
]
REAL = [line for path in sorted(DATA.glob("**/*.log")) for line in path.read_text().split("\n")]
SAMPLES = st.sampled_from(GENERATED + REAL)


@st.composite
def spoiled_lines(draw: st.DrawFn) -> bytes:
    """Draw a real line with some of its bytes cut, doubled or replaced."""
    line = draw(SAMPLES).encode()
    for _ in range(draw(st.integers(1, 4))):
        position = draw(st.integers(0, max(len(line) - 1, 0)))
        kind = draw(st.sampled_from(("cut", "drop", "insert", "double")))
        if kind == "cut":
            line = line[:position]
        elif kind == "drop":
            line = line[:position] + line[position + draw(st.integers(1, 20)) :]
        elif kind == "insert":
            line = line[:position] + draw(st.binary(max_size=8)) + line[position:]
        else:
            line = line[:position] + line[max(position - 20, 0) :]
    return line


def take_in(data: bytes) -> tuple[list[str], int]:
    reader, correlator = LineReader(zone=UTC, latest=LATEST, host="h"), Correlator()
    reader.read_into(data.decode("utf-8", "backslashreplace").split("\n"), correlator.feed)
    rows = correlator.changes()
    for row in rows:
        for language in LANGUAGES:
            assert render(explain(row), language=language)
    restore_state(dump_state(correlator))
    return [repr(row) for row in rows], reader.unknowns.total


@given(st.binary(max_size=600))
def test_no_bytes_are_too_odd(data: bytes):
    take_in(data)


@settings(max_examples=400)
@given(st.lists(spoiled_lines(), min_size=1, max_size=12))
def test_no_spoiled_line_is_too_odd(lines: list[bytes]):
    take_in(b"\n".join(lines))


@given(st.lists(SAMPLES, max_size=30), st.data())
def test_where_the_chunks_of_a_file_end_changes_nothing(lines: list[str], data: st.DataObject):
    whole = "".join(f"{line}\n" for line in lines if "\n" not in line).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    chunks = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    splitter = LineSplitter()

    in_parts = [line for chunk in chunks for line in splitter.split(chunk)]

    assert in_parts == whole.decode().split("\n")[:-1]
    assert splitter.rest == b""


@given(st.lists(st.binary(max_size=30).filter(lambda line: b"\n" not in line), max_size=8), st.integers(1, 7))
def test_a_line_of_any_bytes_is_the_same_line_in_any_chunks(lines: list[bytes], size: int):
    whole = b"".join(line + b"\n" for line in lines)
    one, many = LineSplitter(), LineSplitter()

    at_once = one.split(whole)
    in_parts = [line for start in range(0, len(whole), size) for line in many.split(whole[start : start + size])]

    assert in_parts == at_once
    assert len(at_once) == len(lines)


@given(st.text(max_size=60))
def test_any_accept_language_field_gives_a_language(field: str):
    assert preferred_language(field) in LANGUAGES

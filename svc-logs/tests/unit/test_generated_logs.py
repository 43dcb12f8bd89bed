"""Whole logs whose truth is known: every delivery is found, none is made up, every status is right."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from postroom_logs.correlation.correlator import Correlator
from postroom_logs.correlation.deliveries import Delivery
from postroom_logs.correlation.states import dump_state, restore_state
from postroom_logs.lines.reading import LineReader
from postroom_logs.testkit.generating import FORMATS, formatted, play
from postroom_logs.testkit.stage import Stage, Truth

LATEST = datetime(2026, 12, 25, tzinfo=UTC)


def read(stage: Stage, *, style: str, batch: int = 5000, restarting: bool = False) -> list[Delivery]:
    reader, correlator = LineReader(zone=UTC, latest=LATEST), Correlator()
    rows: dict[str, Delivery] = {}
    lines = list(formatted(stage.lines, style=style))
    for start in range(0, len(lines), batch):
        reader.read_into(lines[start : start + batch], correlator.feed)
        rows.update({delivery.key: delivery for delivery in correlator.changes()})
        if restarting:
            correlator = restore_state(dump_state(correlator))
    assert reader.unknowns.total == 0
    return list(rows.values())


def truth_in(row: Delivery) -> Truth:
    return Truth(
        row.queue_id, row.recipient, row.status, row.dsn, row.sender or "", row.message_id,
        row.client_address or None, len(row.attempts), row.login, row.original_recipient, row.folder,
        row.parent is not None,
    )  # fmt: skip


def assert_true(stage: Stage, rows: list[Delivery]) -> None:
    assert Counter(truth_in(row) for row in rows) == Counter(stage.truths)


@pytest.mark.parametrize("style", FORMATS)
@pytest.mark.parametrize("short_queue_ids", [False, True], ids=["long", "short"])
def test_every_delivery_is_found_with_the_right_fields(style: str, short_queue_ids: bool):
    stage = play(seed=len(style), messages=2000, short_queue_ids=short_queue_ids)
    assert len(stage.lines) > 20_000

    rows = read(stage, style=style)

    assert_true(stage, rows)
    assert stage.reused > 50 or not short_queue_ids


@pytest.mark.parametrize("batch", [1, 7, 500])
def test_batches_and_restarts_between_them_change_nothing(batch: int):
    stage = play(seed=9, messages=60 if batch == 1 else 400, short_queue_ids=True)

    whole = read(stage, style="rfc3339")
    in_parts = read(stage, style="rfc3339", batch=batch, restarting=True)

    assert sorted(row._replace(again=False) for row in in_parts) == sorted(whole)
    assert_true(stage, in_parts)


def test_the_same_seed_writes_the_same_log():
    assert play(seed=4, messages=100).lines == play(seed=4, messages=100).lines
    assert play(seed=4, messages=100).lines != play(seed=5, messages=100).lines


@pytest.mark.campaign
@pytest.mark.parametrize("style", ["rfc3339", "rfc3164", "journal"])
def test_a_million_lines_are_understood_without_a_fault(style: str):
    stage = play(seed=20_261_125, messages=95_000, short_queue_ids=style == "rfc3164")
    assert len(stage.lines) > 1_000_000

    assert_true(stage, read(stage, style=style, batch=10_000))

"""How long a lost server is tried again."""

from datetime import UTC, datetime, timedelta

from postroom_import.copies.domain import JobState
from postroom_import.copies.errors import PasswordChangedError, SourceUnreachableError, TargetUnreachableError
from postroom_import.copying.errors import Side
from postroom_import.working.domain import LONGEST_DELAY_S, MOST_REFUSALS, Patience

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def patience(waiting_since: datetime | None = None) -> Patience:
    return Patience(timedelta(minutes=1), timedelta(minutes=5), timedelta(hours=12), waiting_since)


def test_a_lost_server_is_first_tried_by_the_same_worker_then_later_then_no_more() -> None:
    ours = patience()

    assert ours.lost(Side.SOURCE, now=NOW) is None
    assert ours.lost(Side.SOURCE, now=NOW + timedelta(seconds=59)) is None
    later = ours.lost(Side.SOURCE, now=NOW + timedelta(seconds=60))
    assert later is not None
    assert (later.state, later.waiting_since, later.problem) == (JobState.RUNNING, NOW, None)
    assert later.retry_at == NOW + timedelta(minutes=6)


def test_the_copy_fails_when_the_server_was_away_for_too_long_over_all_turns() -> None:
    for side, problem in ((Side.SOURCE, SourceUnreachableError), (Side.TARGET, TargetUnreachableError)):
        end = patience(NOW - timedelta(hours=12)).lost(side, now=NOW)
        assert end is not None
        assert (end.state, end.problem) == (JobState.FAILED, problem)


def test_progress_makes_patient_again() -> None:
    ours = patience(NOW - timedelta(hours=11))
    ours.succeeded()

    assert ours.lost(Side.SOURCE, now=NOW + timedelta(hours=2)) is None


def test_a_password_is_refused_for_good_only_after_several_tries() -> None:
    ours = patience()
    ends = [ours.refused() for _ in range(MOST_REFUSALS)]

    assert ends[:-1] == [None] * (MOST_REFUSALS - 1)
    assert ends[-1] is not None
    assert ends[-1].problem is PasswordChangedError


def test_pauses_between_tries_grow_up_to_a_limit() -> None:
    ours = patience()
    delays = [ours.next_delay_s() for _ in range(10)]

    assert delays == sorted(delays)
    assert delays[-1] == LONGEST_DELAY_S

"""What the options of a copy mean, and how a copy is told."""

from typing import Any

import pytest

from postroom.command_line.exit_codes import CommandError, ExitCode
from postroom.command_line.languages import Language
from postroom.imports.progress_bar import Pace
from postroom.imports.sources import SourceOptions, Tls, chosen_source
from postroom.imports.telling import duration_of, exit_code_of_copy, failure_lines, size, summary, summary_lines


def a_copy(**changes: Any) -> dict[str, Any]:
    progress = {"copied": 1234, "already_there": 5, "failed": 0, **changes.pop("progress", {})}
    return {
        "id": "c",
        "state": "completed",
        "problem": None,
        "started_at": "2026-11-25T10:00:00Z",
        "finished_at": "2026-11-25T10:01:05Z",
        "progress": progress,
        **changes,
    }


def test_an_address_of_this_mail_server_is_a_source() -> None:
    source = chosen_source(SourceOptions(prefix="from", address="a@example.com"), Language.ENGLISH)

    assert source.with_password("p") == {"kind": "local", "address": "a@example.com", "password": "p"}


@pytest.mark.parametrize(
    ("tls", "port", "expected"), [(Tls.IMPLICIT, None, 993), (Tls.STARTTLS, None, 143), (Tls.STARTTLS, 1143, 1143)]
)
def test_an_outside_mailbox_is_a_source_with_the_usual_port(tls: Tls, port: int | None, expected: int) -> None:
    options = SourceOptions(prefix="from", host="imap.example.org", login="a", tls=tls, port=port)

    body = chosen_source(options, Language.ENGLISH).body

    assert (body["port"], body["tls"]) == (expected, tls.value)


@pytest.mark.parametrize(
    "options",
    [
        SourceOptions(prefix="second"),
        SourceOptions(prefix="second", host="imap.example.org"),
        SourceOptions(prefix="second", login="a"),
        SourceOptions(prefix="second", address="a@example.com", host="imap.example.org", login="a"),
    ],
    ids=["nothing", "no login", "no host", "both"],
)
@pytest.mark.parametrize("language", Language)
def test_half_a_source_is_refused_with_the_options_that_are_missing(options: SourceOptions, language: Language) -> None:
    with pytest.raises(CommandError, match="--second-host") as refusal:
        chosen_source(options, language)

    assert refusal.value.exit_code is ExitCode.USAGE


def test_the_end_of_a_copy_is_one_line() -> None:
    english, french = (list(summary_lines(a_copy(), language)) for language in Language)

    assert english == ["Done: 1,234 copied, 5 already there, 0 failed, in 1 min 05 s."]
    assert french == ["Terminée : 1\N{NARROW NO-BREAK SPACE}234 copiés, 5 déjà présents, 0 en échec, en 1 min 05 s."]


def test_a_failed_copy_says_why_and_what_to_do() -> None:
    problem = {"type": "urn:postroom:problem:import/target-full", "title": "Full"}

    lines = list(summary_lines(a_copy(state="failed", problem=problem), Language.ENGLISH))

    assert lines[1:] == [
        "The target mailbox is full.",
        "Make room in it. Run the same command again: what was copied is not copied again.",
    ]


@pytest.mark.parametrize(
    ("copy", "code"),
    [
        (a_copy(), ExitCode.DONE),
        (a_copy(progress={"failed": 1}), ExitCode.NOT_WHOLE),
        (a_copy(state="failed"), ExitCode.NOT_WHOLE),
        (a_copy(state="cancelled"), ExitCode.NOT_WHOLE),
        (a_copy(state="paused"), ExitCode.NOT_WHOLE),
    ],
)
def test_only_a_whole_copy_ends_with_nothing_to_complain_about(copy: dict[str, Any], code: ExitCode) -> None:
    assert exit_code_of_copy(copy) is code


def test_a_copy_that_was_cancelled_before_it_began_took_no_time() -> None:
    assert duration_of(a_copy(started_at=None)).total_seconds() == 0
    assert summary(a_copy(started_at=None))["duration_s"] == 0


def test_a_message_that_failed_is_told_with_the_words_of_the_server() -> None:
    failure = {"folder": "INBOX", "uid": 7, "size_bytes": 52_300_000, "reason": "too_big", "reason_text": "Quota"}

    assert list(failure_lines({"failures": [failure]}, Language.ENGLISH)) == [
        "INBOX, UID 7, 52.3 MB: too large for the target (Quota)"
    ]


@pytest.mark.parametrize(
    ("octets", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1.5e9, "1.5 GB"), (2e13, "20.0 TB")]
)
def test_sizes_have_the_unit_that_suits(octets: float, text: str) -> None:
    assert size(octets) == text


def test_the_pace_is_that_of_the_last_seconds() -> None:
    now = [0.0]
    pace = Pace(lambda: now[0])
    pace.note(0, 0)
    assert pace.rates() == (0, 0)
    assert pace.left_s(100) is None

    for now[0], messages in ((1.0, 1000), (10.0, 1000), (20.0, 1100), (22.0, 1220)):
        pace.note(messages, messages * 10)

    assert pace.rates() == (pytest.approx(220 / 12), pytest.approx(2200 / 12))
    assert pace.left_s(220) == pytest.approx(12)

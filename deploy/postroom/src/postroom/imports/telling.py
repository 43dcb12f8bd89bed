"""A copy in words: its line in a list, its end, its folders."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from postroom.command_line.exit_codes import ExitCode
from postroom.command_line.languages import Language, duration, number
from postroom.command_line.problems import slug_of
from postroom.imports.advices import IMPORT_ADVICES
from postroom.imports.following import State
from postroom.imports.words import WORDS

Copy = Mapping[str, Any]


def size(octets: float) -> str:
    """Return *octets* in the unit that suits, as `12.3 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if octets < 1000:
            return f"{octets:.0f} {unit}" if unit == "B" else f"{octets:.1f} {unit}"
        octets /= 1000
    return f"{octets:.1f} TB"


def sources_of(copy: Copy) -> str:
    """Return the logins that are copied from."""
    return " + ".join(each["login"] for each in copy["sources"])


def duration_of(copy: Copy) -> timedelta:
    """Return how long it took, or takes so far; nothing for one that has not begun."""
    begun, ended = (copy[name] and datetime.fromisoformat(copy[name]) for name in ("started_at", "finished_at"))
    return (ended or datetime.now(UTC)) - begun if begun else timedelta()


def exit_code_of_copy(copy: Copy) -> ExitCode:
    """Return how a command ends that has waited for *copy*."""
    is_whole = copy["state"] == State.COMPLETED and not copy["progress"]["failed"]
    return ExitCode.DONE if is_whole else ExitCode.NOT_WHOLE


def summary(copy: Copy) -> dict[str, Any]:
    """Return the end of *copy* for programs."""
    progress = copy["progress"]
    return {
        "id": copy["id"],
        "state": copy["state"],
        "copied": progress["copied"],
        "already_there": progress["already_there"],
        "failed": progress["failed"],
        "duration_s": duration_of(copy).total_seconds(),
        "problem": copy["problem"],
    }


def summary_lines(copy: Copy, language: Language) -> Iterator[str]:
    """Yield the end of *copy* for people: one line with the figures, and what to do where it did not end well."""
    words, progress = WORDS[language], copy["progress"]
    state = words.states[copy["state"]]
    yield words.summary.format(
        state=state[:1].upper() + state[1:],
        **{name: number(progress[name], language) for name in ("copied", "already_there", "failed")},
        duration=duration(duration_of(copy), language),
    )
    if copy["problem"]:
        yield from _reason(copy["problem"], language)
    elif copy["state"] == State.CANCELLED:
        yield words.kept_what_was_copied


def _reason(problem: Mapping[str, str], language: Language) -> Iterator[str]:
    texts = IMPORT_ADVICES.get(slug_of(problem["type"]))
    if texts is None:
        yield problem["title"]
        return
    yield texts[language].what
    yield texts[language].remedy


def folder_rows(copy: Copy, language: Language) -> Iterator[tuple[str, ...]]:
    """Yield a row for each folder, as `folder_columns` names it."""
    words = WORDS[language]
    for each in copy["folders"]:
        done = f"{number(each['messages_done'], language)}/{number(each['messages_total'], language)}"
        figures = (number(each[name], language) for name in ("copied", "already_there", "failed"))
        state = words.folder_states.get(each["state"], each["state"])
        yield (each["name"], each["target_name"], state, done, *figures)


def failure_lines(copy: Copy, language: Language) -> Iterator[str]:
    """Yield a line for each message that could not be copied."""
    words = WORDS[language]
    for each in copy["failures"]:
        reason = words.reasons.get(each["reason"], each["reason"])
        if each["reason_text"]:
            reason = f"{reason} ({each['reason_text']})"
        yield words.failure.format(folder=each["folder"], uid=each["uid"], size=size(each["size_bytes"]), reason=reason)


def copy_row(copy: Copy, language: Language) -> tuple[str, ...]:
    """Return the row of a list, as `columns` names it."""
    words, progress = WORDS[language], copy["progress"]
    done = f"{number(progress['messages_done'], language)}/{number(progress['messages_total'], language)}"
    begun = datetime.fromisoformat(copy["created_at"]).astimezone().strftime("%Y-%m-%d %H:%M")
    return (
        copy["id"],
        words.states[copy["state"]],
        sources_of(copy),
        copy["target"]["address"],
        done,
        number(progress["failed"], language),
        begun,
    )

"""French or English, as the environment or `--language` says.

The texts of a group are a frozen dataclass with a value for each language: `Texts(english=…, french=…)[language]`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Generic, TypeVar

W = TypeVar("W")
NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"


class Language(StrEnum):
    """What people are told in."""

    ENGLISH = "en"
    FRENCH = "fr"


@dataclass(frozen=True, kw_only=True, slots=True)
class Texts(Generic[W]):
    """The same texts in each language."""

    english: W
    french: W

    def __getitem__(self, language: Language) -> W:
        """Return those of one language."""
        return self.french if language is Language.FRENCH else self.english


def language_of(environment: Mapping[str, str] = os.environ) -> Language:
    """Return the language of the environment: French where it is French, else English.

    The first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is not empty counts (POSIX.1-2024, 8.2).
    """
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    wanted = next((environment[name] for name in names if environment.get(name)), "")
    return Language.FRENCH if wanted.lower().startswith("fr") else Language.ENGLISH


def number(value: int, language: Language) -> str:
    """Return *value* with its thousands set apart."""
    grouped = f"{value:,}"
    return grouped.replace(",", NARROW_SPACE) if language is Language.FRENCH else grouped


def duration(length: timedelta, language: Language) -> str:
    """Return *length* as `12 s`, `3 min 05 s` or `2 h 07 min`; below ten seconds with tenths, if there are any."""
    seconds = max(length.total_seconds(), 0.0)
    if seconds < 10 and seconds % 1:
        text = f"{seconds:.1f} s"
        return text.replace(".", ",") if language is Language.FRENCH else text
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 1:
        return f"{rest} s"
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left:02} min" if hours else f"{minutes} min {rest:02} s"

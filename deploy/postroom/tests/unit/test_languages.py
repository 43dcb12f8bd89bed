from datetime import timedelta

import pytest

from postroom.command_line.languages import Language, duration, language_of, number

NARROW = "\N{NARROW NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, Language.ENGLISH),
        ({"LANG": "fr_CH.UTF-8"}, Language.FRENCH),
        ({"LANG": "de_CH.UTF-8"}, Language.ENGLISH),
        ({"LANG": "fr_CH.UTF-8", "LC_ALL": "en_GB.UTF-8"}, Language.ENGLISH),
        ({"LANG": "fr_CH.UTF-8", "LC_ALL": ""}, Language.FRENCH),
        ({"LANG": "C", "LC_MESSAGES": "fr"}, Language.FRENCH),
    ],
)
def test_the_first_locale_variable_that_is_not_empty_decides(environment: dict[str, str], language: Language) -> None:
    assert language_of(environment) is language


@pytest.mark.parametrize(
    ("seconds", "english", "french"),
    [
        (0, "0 s", "0 s"),
        (2.54, "2.5 s", "2,5 s"),
        (9.96, "10.0 s", "10,0 s"),
        (12.4, "12 s", "12 s"),
        (59.7, "1 min 00 s", "1 min 00 s"),
        (185, "3 min 05 s", "3 min 05 s"),
        (7620, "2 h 07 min", "2 h 07 min"),
        (-3, "0 s", "0 s"),
    ],
)
def test_durations_are_short(seconds: float, english: str, french: str) -> None:
    length = timedelta(seconds=seconds)

    assert duration(length, Language.ENGLISH) == english
    assert duration(length, Language.FRENCH) == french


def test_thousands_are_set_apart_as_the_language_does() -> None:
    assert number(1234567, Language.ENGLISH) == "1,234,567"
    assert number(1234567, Language.FRENCH) == f"1{NARROW}234{NARROW}567"

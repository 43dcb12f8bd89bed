"""The operators' commands know every value that the API has for a copy; they may not import svc-import to be sure."""

import json
from pathlib import Path

import pytest

from postroom.command_line.languages import Language
from postroom.imports.following import State
from postroom.imports.words import WORDS

SCHEMAS = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text())["components"]["schemas"]


def test_the_states_of_a_copy_are_those_of_the_api() -> None:
    assert list(State) == SCHEMAS["JobState"]["enum"]


@pytest.mark.parametrize("language", list(Language))
def test_there_is_a_word_for_every_value(language: Language) -> None:
    words = WORDS[language]

    assert words.states.keys() == set(SCHEMAS["JobState"]["enum"])
    assert words.folder_states.keys() == set(SCHEMAS["FolderState"]["enum"])
    assert words.reasons.keys() == set(SCHEMAS["Reason"]["enum"])

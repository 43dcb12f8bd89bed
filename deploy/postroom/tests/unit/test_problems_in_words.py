from pathlib import Path

import pytest

from postroom.command_line.exit_codes import ExitCode
from postroom.command_line.languages import Language
from postroom.command_line.problems import GENERAL_ADVICE, exit_code_of, in_words
from postroom.command_line.terminal import printable
from postroom.imports.advices import IMPORT_ADVICES
from postroom.public_api import ApiProblemError

PAGES = Path(__file__).parents[4] / "docs" / "problems"
NOT_OF_THESE_COMMANDS = {"password-needed"}
"""Only `:resume` says it, which no command sends."""


def problem(slug: str, *, status: int = 422, **more: str) -> ApiProblemError:
    return ApiProblemError(
        status=status, type_uri=f"urn:postroom:problem:{slug}", title="A title", detail=more.pop("detail", ""), **more
    )


@pytest.mark.parametrize("slug", sorted({*GENERAL_ADVICE, *IMPORT_ADVICES}))
def test_each_advice_is_about_a_problem_that_exists(slug: str) -> None:
    assert (PAGES / f"{slug}.md").exists()


@pytest.mark.parametrize("slug", sorted(page.stem for page in PAGES.glob("import/*.md")))
def test_each_problem_of_copies_has_an_advice_in_both_languages(slug: str) -> None:
    if slug in NOT_OF_THESE_COMMANDS:
        assert f"import/{slug}" not in IMPORT_ADVICES
        return
    texts = IMPORT_ADVICES[f"import/{slug}"]

    for language in Language:
        assert texts[language].what.endswith(".")
        assert texts[language].remedy.endswith(".")
    assert texts[Language.FRENCH] != texts[Language.ENGLISH]


def test_a_problem_without_an_advice_is_told_in_the_words_of_the_suite() -> None:
    told = in_words(problem("shared/payload", detail="to: not an address"), {}, Language.FRENCH)

    assert told == "A title: to: not an address"


def test_a_fault_of_the_suite_names_its_request() -> None:
    told = in_words(problem("shared/internal", status=500, request_id="4bf92f"), {}, Language.ENGLISH)

    assert told.splitlines() == [
        "Something went wrong in the suite.",
        "Its logs have the reason; tell its operator.",
        "request_id=4bf92f",
    ]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, ExitCode.USAGE),
        (401, ExitCode.NOT_ALLOWED),
        (403, ExitCode.NOT_ALLOWED),
        (404, ExitCode.USAGE),
        (409, ExitCode.USAGE),
        (422, ExitCode.USAGE),
        (429, ExitCode.NOT_NOW),
        (500, ExitCode.OUR_FAULT),
        (502, ExitCode.NOT_NOW),
        (503, ExitCode.NOT_NOW),
        (504, ExitCode.NOT_NOW),
    ],
)
def test_the_status_decides_how_a_command_ends(status: int, code: ExitCode) -> None:
    assert exit_code_of(problem("x/y", status=status)) is code


def test_the_words_of_others_cannot_move_the_cursor() -> None:
    assert printable("a\x1b[2Jb\x07c\u202ed\r") == "a\ufffd[2Jb\ufffdc\ufffdd\ufffd"
    assert printable("Été\u202f2026\n文書") == "Été\u202f2026\n文書"

import io
from pathlib import Path

import pytest

from postroom.command_line.exit_codes import CommandError, ExitCode
from postroom.command_line.languages import Language
from postroom.command_line.passwords import take_passwords


@pytest.mark.parametrize(
    ("content", "passwords"),
    [
        ("one\ntwo\n", ["one", "two"]),
        ("one\r\ntwo\r\n", ["one", "two"]),
        (" with spaces \ntwo", [" with spaces ", "two"]),
        ("a\u2028b\x0cc\ntwo\nthree\n", ["a\u2028b\x0cc", "two"]),
    ],
)
def test_a_line_of_the_file_is_a_password_as_it_stands(tmp_path: Path, content: str, passwords: list[str]) -> None:
    file = tmp_path / "passwords"
    file.write_bytes(content.encode())

    assert take_passwords(["a", "b"], file=str(file), language=Language.ENGLISH) == passwords


def test_the_standard_input_is_a_file_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("secret\n"))

    assert take_passwords(["a"], file="-", language=Language.ENGLISH) == ["secret"]


@pytest.mark.parametrize(
    ("content", "told"), [(b"one\n", "2 passwords are needed"), (b"\none\n", "empty"), (b"\xff", "cannot be read")]
)
def test_too_few_or_unreadable_passwords_are_refused(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "passwords"
    file.write_bytes(content)

    with pytest.raises(CommandError, match=told) as refusal:
        take_passwords(["a", "b"], file=str(file), language=Language.ENGLISH)

    assert refusal.value.exit_code is ExitCode.USAGE


def test_without_a_terminal_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("secret\n"))

    with pytest.raises(CommandError, match="--password-file"):
        take_passwords(["a"], file=None, language=Language.FRENCH)

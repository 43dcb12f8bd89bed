from pathlib import Path

import pytest

from postroom.command_line.stored_sign_in import (
    StoredSignIn,
    UnreadableSignInError,
    forget_sign_in,
    is_open_to_others,
    read_sign_in,
    sign_in_file,
    write_sign_in,
)

SIGN_IN = StoredSignIn(
    url="https://mail.example.com",
    token="postroom_secret",
    token_id="019a2b6e-7c1d-7b3e-9a55-2f3c1d7e8a90",
    email="anna@example.com",
    organisation="Example SA",
    expires_at="2027-06-30T00:00:00Z",
)


def test_it_is_kept_where_the_environment_says_and_a_relative_folder_does_not_count() -> None:
    home = Path.home() / ".config" / "postroom" / "sign-in.json"

    assert sign_in_file({"XDG_CONFIG_HOME": "/somewhere"}) == Path("/somewhere/postroom/sign-in.json")
    assert sign_in_file({"XDG_CONFIG_HOME": "some/where"}) == home
    assert sign_in_file({}) == home


def test_what_was_kept_is_read_again_and_closed_to_others(tmp_path: Path) -> None:
    file = tmp_path / "postroom" / "sign-in.json"

    write_sign_in(file, SIGN_IN)

    assert read_sign_in(file) == SIGN_IN
    assert not is_open_to_others(file)
    assert list(file.parent.iterdir()) == [file]
    file.chmod(0o644)
    assert is_open_to_others(file)
    forget_sign_in(file)
    forget_sign_in(file)
    assert read_sign_in(file) is None


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"url": 1}'])
def test_something_else_in_its_place_is_told(tmp_path: Path, content: str) -> None:
    file = tmp_path / "sign-in.json"
    file.write_text(content)

    with pytest.raises(UnreadableSignInError):
        read_sign_in(file)

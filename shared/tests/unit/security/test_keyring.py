import base64
import json
import stat
import traceback
from pathlib import Path

import pytest

from postroom_shared.security.sealing import Keyring, KeyringError, add_master_key, use_master_key

KEY = bytes(range(32))


def written(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


def document(current: str = "k1", **keys: bytes) -> str:
    encoded = {key_id: base64.b64encode(key).decode() for key_id, key in keys.items()}
    return json.dumps({"current": current, "keys": encoded})


def test_the_keys_are_read_from_the_file(tmp_path: Path):
    keyring = Keyring.from_file(written(tmp_path / "keys", document("k1", k1=KEY, k0=KEY[::-1])))

    assert keyring.current == "k1"
    assert keyring.key("k0") == KEY[::-1]


def test_a_keyring_shows_no_key():
    keyring = Keyring("k1", {"k1": KEY})

    shown = f"{keyring!r} {keyring}"

    assert shown == "Keyring(current='k1') Keyring(current='k1')"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "null",
        '{"current": "k1"}',
        '{"current": "k1", "keys": []}',
        '{"current": "k1", "keys": {"k1": 7}}',
        '{"current": "k1", "keys": {"k1": "SECRET-that-is-not-base64!"}}',
        '{"current": ["k1"], "keys": {}}',
        '{"current": "k1", "keys": {"k1": "SECRET',
        document("k2", k1=KEY),
        document("k1", k1=KEY[:-1]),
        document("K 1", **{"K 1": KEY}),
        document("k1", k1=KEY)[:-2] + ', "k1": "' + base64.b64encode(KEY[::-1]).decode() + '"}}',
    ],
)
def test_a_malformed_file_is_refused_and_not_quoted(tmp_path: Path, content: str):
    path = written(tmp_path / "keys", content)

    with pytest.raises(KeyringError) as caught:
        Keyring.from_file(path)

    told = "".join(traceback.format_exception(caught.value))
    assert "SECRET" not in told
    assert base64.b64encode(KEY).decode()[:10] not in told


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(KeyringError, match=r"nowhere: No such file"):
        Keyring.from_file(tmp_path / "nowhere")


def test_a_master_key_that_was_taken_out_is_named():
    with pytest.raises(KeyringError, match="'k0'"):
        Keyring("k1", {"k1": KEY}).key("k0")


def test_the_first_master_key_is_current_and_the_file_is_for_its_owner_only(tmp_path: Path):
    path = tmp_path / "keys"

    made = add_master_key(path, key_id="k1")

    assert Keyring.from_file(path) == made
    assert made.current == "k1"
    assert made.key("k1") != bytes(32)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_further_master_key_becomes_current_only_when_told(tmp_path: Path):
    path = tmp_path / "keys"
    first = add_master_key(path, key_id="k1").key("k1")

    added = add_master_key(path, key_id="k2")
    used = use_master_key(path, key_id="k2")

    assert (added.current, used.current) == ("k1", "k2")
    assert Keyring.from_file(path) == used
    assert used.key("k1") == first


def test_a_master_key_is_never_overwritten(tmp_path: Path):
    path = tmp_path / "keys"
    first = add_master_key(path, key_id="k1")

    with pytest.raises(KeyringError, match="'k1' already"):
        add_master_key(path, key_id="k1")

    assert Keyring.from_file(path) == first


def test_an_unknown_master_key_does_not_become_current(tmp_path: Path):
    path = tmp_path / "keys"
    first = add_master_key(path, key_id="k1")

    with pytest.raises(KeyringError, match="not among"):
        use_master_key(path, key_id="k2")

    assert Keyring.from_file(path) == first

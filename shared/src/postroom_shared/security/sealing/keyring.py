"""Master keys (KEKs): they live in a file outside the database and do one thing, wrap the keys of organisations.

The file is `{"current": "k2", "keys": {"k1": "<base64 of 32 bytes>", "k2": "…"}}`. To rotate: `add_master_key`, restart
the services so that all know it, `use_master_key`, restart, `Vault.rewrap` until `Vault.master_keys_in_use` names the
new key only, then take the old one out. Nothing else has to be encrypted again.
"""

import base64
import binascii
import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from postroom_shared.security.sealing.errors import KeyringError

KEY_SIZE_BYTES = 32
_KEY_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")


@dataclass(frozen=True, slots=True)
class Keyring:
    """The master keys by id and the id of the one that wraps new keys; `repr` and errors show ids only.

    Raises:
        KeyringError: `current` is not among the keys, or an id or a key is malformed.
    """

    current: str
    keys: Mapping[str, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if self.current not in self.keys:
            raise KeyringError("the current master key is not among the keys")
        for key_id, key in self.keys.items():
            if not _KEY_ID.fullmatch(key_id):
                raise KeyringError("the id of a master key has 1 to 32 of a-z, 0-9, '.', '_', '-'")
            if len(key) != KEY_SIZE_BYTES:
                raise KeyringError(f"the master key {key_id!r} does not have {KEY_SIZE_BYTES} bytes")

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read the file once, at start.

        Raises:
            KeyringError: It cannot be read or has another shape; the message holds nothing of the content.
        """
        try:
            document = json.loads(path.read_bytes(), object_pairs_hook=_unique)
            return cls(document["current"], {key_id: _decoded(text) for key_id, text in document["keys"].items()})
        except OSError as error:
            raise KeyringError(f"the master keys cannot be read from {path}: {error.strerror}") from None
        except (ValueError, TypeError, KeyError, AttributeError):
            # `from None`: the cause holds the text of the file
            raise KeyringError(f'{path} is not of the form {{"current": id, "keys": {{id: base64}}}}') from None

    def key(self, key_id: str) -> bytes:
        """Return one master key.

        Raises:
            KeyringError: It is not in the file any more; name it there until everything is wrapped anew.
        """
        try:
            return self.keys[key_id]
        except KeyError:
            raise KeyringError(f"the master key {key_id!r} is not in the file of master keys") from None


def add_master_key(path: Path, *, key_id: str) -> Keyring:
    """Put a random master key into the file; a missing file is made, and its first key is the current one.

    Blocks (reads and writes a file). The change is atomic: a crash leaves the old file. Only the owner may read it.

    Raises:
        KeyringError: The id is taken or malformed, or the file cannot be used.
    """
    known = Keyring.from_file(path) if path.exists() else Keyring(key_id, {key_id: bytes(KEY_SIZE_BYTES)})
    if path.exists() and key_id in known.keys:
        raise KeyringError(f"there is a master key {key_id!r} already")
    return _written(path, Keyring(known.current, {**known.keys, key_id: secrets.token_bytes(KEY_SIZE_BYTES)}))


def use_master_key(path: Path, *, key_id: str) -> Keyring:
    """Make a master key of the file the current one. Blocks.

    Raises:
        KeyringError: There is no such key, or the file cannot be used.
    """
    return _written(path, Keyring(key_id, Keyring.from_file(path).keys))


def _written(path: Path, keyring: Keyring) -> Keyring:
    encoded = {key_id: base64.b64encode(key).decode("ascii") for key_id, key in keyring.keys.items()}
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        json.dump({"current": keyring.current, "keys": encoded}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    return keyring


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) != len(pairs):
        raise ValueError("a name is given twice")
    return found


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None

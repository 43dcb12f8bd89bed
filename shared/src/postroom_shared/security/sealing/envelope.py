"""The format of sealed values. Pure: no storage, no clock, the keys are arguments.

A sealed value, version 1, is `01 | key id (8) | nonce (12) | ciphertext and tag`; a wrapped data key is
`01 | nonce (12) | ciphertext and tag`. Both are AES-256-GCM-SIV (RFC 8452), which stays safe when a nonce comes twice,
as it may after a snapshot of a machine was started again. The associated data names the place the value was made for.
"""

import hashlib
import hmac
import os
from typing import TypeAlias
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from postroom_shared.security.sealing.errors import SealBrokenError
from postroom_shared.security.sealing.keyring import KEY_SIZE_BYTES, Keyring

SealContext: TypeAlias = tuple[str, UUID, str]
"""The place of a sealed value: table, id of the row, column."""

VERSION = b"\x01"
KEY_ID_SIZE_BYTES = 8
NONCE_SIZE_BYTES = 12
TAG_SIZE_BYTES = 16
PADDING_SIZE_BYTES = 64
"""Plaintexts are padded to a multiple, so that a dump does not tell how long a password is."""

_LENGTH_SIZE_BYTES = 4
_HEADER_SIZE_BYTES = len(VERSION) + KEY_ID_SIZE_BYTES


def new_data_key() -> bytes:
    """Return a random key for one organisation."""
    return os.urandom(KEY_SIZE_BYTES)


def key_id_of(data_key: bytes) -> bytes:
    """Return the public name of a data key, which tells two keys apart and nothing else."""
    return hmac.digest(data_key, b"postroom data key id", hashlib.sha256)[:KEY_ID_SIZE_BYTES]


def seal(data_key: bytes, plaintext: bytes, *, organisation_id: UUID, context: SealContext) -> bytes:
    """Return *plaintext* encrypted for this place of this organisation."""
    header, nonce = VERSION + key_id_of(data_key), os.urandom(NONCE_SIZE_BYTES)
    place = _place(b"value", header, organisation_id.bytes, *_context_bytes(context))
    return header + nonce + AESGCMSIV(data_key).encrypt(nonce, _padded(plaintext), place)


def key_id_in(sealed: bytes) -> bytes:
    """Return the name of the key that a sealed value was made with.

    Raises:
        SealBrokenError: It is no sealed value of a version known here.
    """
    shortest = _HEADER_SIZE_BYTES + NONCE_SIZE_BYTES + PADDING_SIZE_BYTES + TAG_SIZE_BYTES
    if not sealed.startswith(VERSION) or len(sealed) < shortest:
        raise SealBrokenError("this is no sealed value")
    return sealed[len(VERSION) : _HEADER_SIZE_BYTES]


def unseal(data_key: bytes, sealed: bytes, *, organisation_id: UUID, context: SealContext) -> bytes:
    """Return what was sealed for this very place.

    Raises:
        SealBrokenError: It was changed, made for another place, or made with another key.
    """
    header = VERSION + key_id_in(sealed)
    place = _place(b"value", header, organisation_id.bytes, *_context_bytes(context))
    return _unpadded(_opened(data_key, sealed[_HEADER_SIZE_BYTES:], place))


def wrap_data_key(keyring: Keyring, data_key: bytes, *, organisation_id: UUID) -> bytes:
    """Return *data_key* encrypted under the current master key, bound to its organisation."""
    nonce = os.urandom(NONCE_SIZE_BYTES)
    place = _place(b"data key", keyring.current.encode(), organisation_id.bytes)
    return VERSION + nonce + AESGCMSIV(keyring.key(keyring.current)).encrypt(nonce, data_key, place)


def unwrap_data_key(keyring: Keyring, wrapped: bytes, *, master_key_id: str, organisation_id: UUID) -> bytes:
    """Return the data key of an organisation.

    Raises:
        SealBrokenError: It was changed, or it is another organisation's.
        KeyringError: Its master key is not in the keyring.
    """
    if not wrapped.startswith(VERSION):
        raise SealBrokenError("this is no wrapped key")
    place = _place(b"data key", master_key_id.encode(), organisation_id.bytes)
    return _opened(keyring.key(master_key_id), wrapped[len(VERSION) :], place)


def _opened(key: bytes, nonce_and_ciphertext: bytes, place: bytes) -> bytes:
    nonce, ciphertext = nonce_and_ciphertext[:NONCE_SIZE_BYTES], nonce_and_ciphertext[NONCE_SIZE_BYTES:]
    try:
        return AESGCMSIV(key).decrypt(nonce, ciphertext, place)
    except (InvalidTag, ValueError):  # ValueError: the nonce is cut short
        raise SealBrokenError("a sealed value was changed or moved") from None


def _place(*parts: bytes) -> bytes:
    # each part carries its length: ("ab", "c") and ("a", "bc") are two places
    return b"".join(len(part).to_bytes(_LENGTH_SIZE_BYTES, "big") + part for part in (b"postroom", *parts))


def _context_bytes(context: SealContext) -> tuple[bytes, bytes, bytes]:
    table, row_id, column = context
    return table.encode(), row_id.bytes, column.encode()


def _padded(plaintext: bytes) -> bytes:
    body = len(plaintext).to_bytes(_LENGTH_SIZE_BYTES, "big") + plaintext
    return body + bytes(-len(body) % PADDING_SIZE_BYTES)


def _unpadded(body: bytes) -> bytes:
    length = int.from_bytes(body[:_LENGTH_SIZE_BYTES], "big")
    return body[_LENGTH_SIZE_BYTES : _LENGTH_SIZE_BYTES + length]

"""The keys of NATS users: Ed25519 in the spelling of nkeys."""

import secrets
from dataclasses import dataclass, field

import nkeys


@dataclass(frozen=True, slots=True)
class UserKey:
    """Both halves of a user's key.

    Attributes:
        public_key: `U…`, for the server's configuration.
        seed: `SU…`, the secret; not shown by `repr`.
    """

    public_key: str
    seed: str = field(repr=False)


def new_user_key() -> UserKey:
    """Return a fresh random key."""
    seed: bytes = nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER)
    return UserKey(public_key_of(seed.decode()), seed.decode())


def public_key_of(seed: str) -> str:
    """Return the public half of *seed*.

    Raises:
        ValueError: It is no seed of an nkey.
    """
    try:
        key: bytes = nkeys.from_seed(bytearray(seed.encode())).public_key
    except nkeys.NkeysError as error:
        raise ValueError("this is no nkey seed") from error
    return key.decode()

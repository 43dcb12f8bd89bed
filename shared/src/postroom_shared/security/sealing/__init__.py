"""Sealed fields: envelope encryption with a key per organisation."""

from postroom_shared.security.sealing.envelope import SealContext
from postroom_shared.security.sealing.errors import KeyringError, SealBrokenError
from postroom_shared.security.sealing.keyring import Keyring, add_master_key, use_master_key
from postroom_shared.security.sealing.vault import Vault

__all__ = ["Keyring", "KeyringError", "SealBrokenError", "SealContext", "Vault", "add_master_key", "use_master_key"]

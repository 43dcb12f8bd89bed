"""Ed25519 keys of the services: one private key each, everybody's public keys in one file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joserfc.jwk import KeySet, OKPKey

GATEWAY = "gateway"
"""The only issuer whose tokens may name a person."""


def generate_key() -> OKPKey:
    """Return a fresh private key whose `kid` is its thumbprint (RFC 7638)."""
    key = OKPKey.generate_key("Ed25519", {"use": "sig", "alg": "Ed25519"})
    return OKPKey.import_key({**key.as_dict(private=True), "kid": key.thumbprint()})


def load_private_key(jwk: str) -> OKPKey:
    """Return the key in the JSON text *jwk*.

    Raises:
        ValueError: It is no private Ed25519 key.
    """
    key = OKPKey.import_key(json.loads(jwk))
    if not key.is_private or key.curve_name != "Ed25519":
        raise ValueError("the identity key must be a private Ed25519 JWK")
    return key


def public_jwks(*keys: OKPKey) -> dict[str, Any]:
    """Return the JWK set (RFC 7517 §5) of the public halves."""
    return {"keys": [key.as_dict(private=False) for key in keys]}


class TrustedKeys:
    """Public keys by issuer; reloaded when their file has changed, so that keys rotate without a restart."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = -1
        self._sets: dict[str, KeySet] = {}

    def of(self, issuer: str) -> KeySet | None:
        """Return the keys of *issuer*, or None when nobody of that name is trusted."""
        stamp = self._path.stat().st_mtime_ns
        if stamp != self._stamp:
            content: Mapping[str, Any] = json.loads(self._path.read_text())
            self._sets = {name: KeySet.import_key_set(jwks) for name, jwks in content.items()}
            self._stamp = stamp
        return self._sets.get(issuer)

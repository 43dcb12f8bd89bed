"""Secrets that clients hold and the gateway knows by their SHA-256 only. 256 random bits need no slow hash."""

import hashlib
import secrets

SECRET_OCTETS = 32


def new_secret() -> str:
    """Return 256 random bits as 43 characters of base64url."""
    return secrets.token_urlsafe(SECRET_OCTETS)


def digest(secret: str) -> bytes:
    """Return what is stored of *secret*."""
    return hashlib.sha256(secret.encode()).digest()

"""Internal identity: short-lived JWTs that name the person or the service behind a call."""

from postroom_shared.identity.keys import TrustedKeys, generate_key, load_private_key, public_jwks
from postroom_shared.identity.tokens import TokenSigner, TokenVerifier

__all__ = ["TokenSigner", "TokenVerifier", "TrustedKeys", "generate_key", "load_private_key", "public_jwks"]

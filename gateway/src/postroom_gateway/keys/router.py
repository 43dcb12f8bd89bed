"""`/.well-known/jwks.json`: with these keys services verify the tokens the gateway issues (RFC 7517 §5)."""

from typing import Any

from fastapi import APIRouter, Request, Response

from postroom_shared.identity import public_jwks

router = APIRouter(tags=["keys"])


@router.get("/.well-known/jwks.json")
async def get_signing_keys(request: Request, response: Response) -> dict[str, Any]:
    """Return the public keys of the gateway as a JWK set."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return public_jwks(request.app.state.runtime.signer.key)

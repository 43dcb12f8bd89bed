"""Issue and verify internal tokens (RFC 7519, algorithm `Ed25519` of RFC 9864).

A person's token comes from the gateway alone, a service's from that service: `iss` decides which keys may verify it.
"""

import json
import time
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry, extract_compact

from postroom_shared.errors import UnauthenticatedError
from postroom_shared.identity.keys import GATEWAY, TrustedKeys
from postroom_shared.principal import PersonPrincipal, Role, ServicePrincipal

ALGORITHM = "Ed25519"
LIFETIME_S = 60
CLOCK_SKEW_S = 5
CACHE_LIFE_S = 30
CACHE_SIZE = 4096
MAX_TOKEN_OCTETS = 4096


class InvalidTokenError(UnauthenticatedError):
    """The token was not issued for this service, has expired, or was altered."""

    slug = "shared/invalid-token"
    title = "The token is not valid"


def _person_claims(person: PersonPrincipal) -> dict[str, Any]:
    return {
        "sub": str(person.person_id),
        "org": str(person.organisation_id) if person.organisation_id else None,
        "role": person.role,
        "scopes": sorted(person.scopes),
        "operator": person.operator,
        "sid": str(person.session_id) if person.session_id else None,
    }


def _person(claims: dict[str, Any]) -> PersonPrincipal:
    return PersonPrincipal(
        person_id=UUID(claims["sub"]),
        organisation_id=UUID(claims["org"]) if claims.get("org") else None,
        role=Role(claims["role"]) if claims.get("role") else None,
        scopes=frozenset(claims["scopes"]),
        operator=bool(claims.get("operator")),
        session_id=UUID(claims["sid"]) if claims.get("sid") else None,
    )


class TokenSigner:
    """Sign this service's tokens."""

    def __init__(self, issuer: str, key: OKPKey) -> None:
        self.issuer = issuer
        self.key = key

    def _sign(self, audience: str, claims: dict[str, Any]) -> str:
        now = int(time.time())
        return jwt.encode(
            {"alg": ALGORITHM, "typ": "at+jwt", "kid": self.key.kid},
            {"iss": self.issuer, "aud": audience, "iat": now, "exp": now + LIFETIME_S, **claims},
            self.key,
            algorithms=[ALGORITHM],
        )

    def for_person(self, person: PersonPrincipal, *, audience: str) -> str:
        """Return a token in which *person* calls the service *audience*; only the gateway's are accepted."""
        return self._sign(audience, _person_claims(person))

    def for_service(self, *, audience: str, on_behalf: PersonPrincipal | None = None) -> str:
        """Return a token in which this service calls *audience*, perhaps for a person (`act`, RFC 8693 §4.1)."""
        claims: dict[str, Any] = {"sub": f"service:{self.issuer}"}
        return self._sign(audience, claims | ({"act": _person_claims(on_behalf)} if on_behalf else {}))


class TokenVerifier:
    """Verify tokens made for one service. A verified token is remembered for at most `CACHE_LIFE_S`."""

    def __init__(self, audience: str, keys: TrustedKeys) -> None:
        self._audience = audience
        self._keys = keys
        self._cache: dict[str, tuple[float, PersonPrincipal | ServicePrincipal]] = {}

    def verify(self, token: str) -> PersonPrincipal | ServicePrincipal:
        """Return who *token* names.

        Raises:
            InvalidTokenError: It is not one of ours, not for this service, altered or expired.
        """
        now = time.time()
        known = self._cache.get(token)
        if known and known[0] > now:
            return known[1]
        try:
            expires_at, principal = self._read(token, now)
        except (JoseError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise InvalidTokenError from error
        if len(self._cache) >= CACHE_SIZE:
            self._cache.clear()
        self._cache[token] = (min(expires_at, now + CACHE_LIFE_S), principal)
        return principal

    def _read(self, token: str, now: float) -> tuple[float, PersonPrincipal | ServicePrincipal]:
        if len(token) > MAX_TOKEN_OCTETS:
            raise ValueError("too long")
        claims = self._verified_claims(token)
        if claims["aud"] != self._audience or claims["iat"] > now + CLOCK_SKEW_S or claims["exp"] < now:
            raise ValueError("not for here and now")
        if str(claims["sub"]).startswith("service:"):
            act = claims.get("act")
            return claims["exp"], ServicePrincipal(name=claims["iss"], on_behalf=_person(act) if act else None)
        if claims["iss"] != GATEWAY:
            raise ValueError("only the gateway names people")
        return claims["exp"], _person(claims)

    def _verified_claims(self, token: str) -> dict[str, Any]:
        unverified = extract_compact(token.encode())
        keys = self._keys.of(str(json.loads(unverified.payload)["iss"]))
        if keys is None:
            raise ValueError("unknown issuer")
        decoded = jwt.decode(token, keys, registry=JWSRegistry(algorithms=[ALGORITHM]))
        if decoded.header.get("typ") != "at+jwt":
            raise ValueError("another kind of token")
        return decoded.claims

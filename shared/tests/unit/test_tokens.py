import base64
import json
import time
from pathlib import Path
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from postroom_shared.identity import TokenSigner, TokenVerifier, TrustedKeys, generate_key, public_jwks
from postroom_shared.identity.tokens import InvalidTokenError
from postroom_shared.principal import PersonPrincipal, Role, ServicePrincipal

ANNA = PersonPrincipal(
    person_id=uuid4(), organisation_id=uuid4(), role=Role.OWNER, scopes=frozenset({"imports.read"}), session_id=uuid4()
)


@pytest.fixture
def keys() -> dict[str, OKPKey]:
    return {"gateway": generate_key(), "directory": generate_key()}


@pytest.fixture
def trusted(tmp_path: Path, keys: dict[str, OKPKey]) -> TrustedKeys:
    path = tmp_path / "trusted.json"
    path.write_text(json.dumps({name: public_jwks(key) for name, key in keys.items()}))
    return TrustedKeys(path)


def test_a_token_of_the_gateway_names_the_person(keys: dict[str, OKPKey], trusted: TrustedKeys):
    token = TokenSigner("gateway", keys["gateway"]).for_person(ANNA, audience="import")

    assert TokenVerifier("import", trusted).verify(token) == ANNA


def test_a_token_of_a_service_names_it_and_the_person_it_acts_for(keys: dict[str, OKPKey], trusted: TrustedKeys):
    token = TokenSigner("directory", keys["directory"]).for_service(audience="import", on_behalf=ANNA)

    assert TokenVerifier("import", trusted).verify(token) == ServicePrincipal(name="directory", on_behalf=ANNA)


def test_a_token_for_another_service_is_refused(keys: dict[str, OKPKey], trusted: TrustedKeys):
    token = TokenSigner("gateway", keys["gateway"]).for_person(ANNA, audience="logs")

    with pytest.raises(InvalidTokenError):
        TokenVerifier("import", trusted).verify(token)


def test_only_the_gateway_may_name_a_person(keys: dict[str, OKPKey], trusted: TrustedKeys):
    token = TokenSigner("directory", keys["directory"]).for_person(ANNA, audience="import")

    with pytest.raises(InvalidTokenError):
        TokenVerifier("import", trusted).verify(token)


def test_a_service_cannot_sign_in_the_name_of_another(keys: dict[str, OKPKey], trusted: TrustedKeys):
    token = TokenSigner("gateway", keys["directory"]).for_person(ANNA, audience="import")

    with pytest.raises(InvalidTokenError):
        TokenVerifier("import", trusted).verify(token)


def test_an_expired_token_is_refused_also_when_it_was_verified_before(keys: dict[str, OKPKey], trusted: TrustedKeys):
    now = int(time.time())
    claims = {"iss": "gateway", "sub": str(uuid4()), "aud": "import", "iat": now - 120, "exp": now - 60, "scopes": []}
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": keys["gateway"].kid}

    with pytest.raises(InvalidTokenError):
        TokenVerifier("import", trusted).verify(jwt.encode(header, claims, keys["gateway"], algorithms=["Ed25519"]))


def test_a_token_without_signature_is_refused(trusted: TrustedKeys):
    def part(value: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    claims = {"iss": "gateway", "sub": str(uuid4()), "aud": "import", "iat": 0, "exp": 2**40, "scopes": []}

    with pytest.raises(InvalidTokenError):
        TokenVerifier("import", trusted).verify(f"{part({'alg': 'none', 'typ': 'at+jwt'})}.{part(claims)}.")


@pytest.mark.parametrize("token", ["", ".", "a.b.c", "e30.e30.e30", "x" * 5000, "\x00", "é.é.é", "W10.W10.AA"])
def test_garbage_is_refused_as_an_invalid_token(trusted: TrustedKeys, token: str):
    with pytest.raises(InvalidTokenError):
        TokenVerifier("import", trusted).verify(token)


def test_a_changed_key_file_is_read_again(tmp_path: Path):
    path, old, new = tmp_path / "trusted.json", generate_key(), generate_key()
    path.write_text(json.dumps({"gateway": public_jwks(old)}))
    verifier = TokenVerifier("import", TrustedKeys(path))
    verifier.verify(TokenSigner("gateway", old).for_person(ANNA, audience="import"))

    path.write_text(json.dumps({"gateway": public_jwks(new, old)}))

    assert verifier.verify(TokenSigner("gateway", new).for_person(ANNA, audience="import")) == ANNA

"""Ask svc-directory whether an e-mail and a password belong together; the gateway keeps no password and no hash."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from uuid import UUID

import httpx
import structlog
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from postroom_gateway.sessions.errors import SignInUnavailableError, TooManySignInsError, WrongCredentialsError
from postroom_shared.errors import TYPE_PREFIX
from postroom_shared.identity import TokenSigner
from postroom_shared.projection.client import AUDIENCE, ServiceAuth

TIMEOUT_S = 10.0
REFUSED = f"{TYPE_PREFIX}directory/sign-in-refused"
log = structlog.get_logger()


class VerifiedMembership(BaseModel):
    """An organisation in which the person may act."""

    model_config = ConfigDict(extra="ignore")

    organisation_id: UUID


class VerifiedPerson(BaseModel):
    """Whose e-mail and password they are."""

    model_config = ConfigDict(extra="ignore")

    person_id: UUID
    credential_version: int
    memberships: tuple[VerifiedMembership, ...]


class SignInVerifier:
    """The one question of the gateway to svc-directory."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def verify(self, *, email: str, password: SecretStr, client_address: str) -> VerifiedPerson:
        """Return the person who may sign in.

        Raises:
            WrongCredentialsError: Nobody may with these.
            TooManySignInsError: svc-directory has seen too many wrong passwords.
            SignInUnavailableError: It does not answer.
        """
        question = {"email": email, "password": password.get_secret_value(), "client_address": client_address}
        try:
            answer = await self._http.post("/internal/v1/sign-ins:verify", json=question)
        except httpx.HTTPError as error:
            raise SignInUnavailableError(retry_after_s=2) from error
        # A 401 about the gateway's own token is a fault of the installation, not a wrong password.
        if answer.status_code == HTTPStatus.UNAUTHORIZED and REFUSED in answer.text:
            raise WrongCredentialsError
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            raise TooManySignInsError(retry_after_s=_retry_after_s(answer))
        try:
            return VerifiedPerson.model_validate_json(answer.raise_for_status().content)
        except (httpx.HTTPStatusError, ValidationError) as error:
            log.warning("gateway.sign_in_unverified", status=answer.status_code)
            raise SignInUnavailableError(retry_after_s=5) from error


def _retry_after_s(answer: httpx.Response) -> int:
    given = answer.headers.get("Retry-After", "")
    return int(given) if given.isdigit() else 60


@asynccontextmanager
async def open_verifier(url: str, signer: TokenSigner) -> AsyncIterator[SignInVerifier]:
    """Yield the verifier over its own connections."""
    auth = ServiceAuth(signer, audience=AUDIENCE)
    async with httpx.AsyncClient(base_url=url, auth=auth, timeout=TIMEOUT_S, trust_env=False) as http:
        yield SignInVerifier(http)

"""One try to sign in: is it one too many, is the password right, is the person known here, then a session."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from pydantic import SecretStr

from postroom_gateway.person_rows import transaction_of_gateway
from postroom_gateway.resources import Gateway
from postroom_gateway.sessions.directory_client import VerifiedPerson
from postroom_gateway.sessions.errors import SignInUnavailableError, TooManySignInsError
from postroom_gateway.sessions.service import IssuedSession, NewSession, begin_session
from postroom_shared.principal import SystemPrincipal
from postroom_shared.projection import find_person, memberships_of
from postroom_shared.values import Address

PROJECTION_PATIENCE_S = 3.0
_LOOK_AGAIN_AFTER_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Who tries, from where."""

    email: Address
    password: SecretStr
    organisation_id: UUID | None
    client_address: str
    client: str


async def sign_in(gateway: Gateway, attempt: Attempt) -> IssuedSession:
    """Return a new session. No transaction is open while svc-directory is asked.

    Raises:
        TooManySignInsError: From this address, or for this account.
        WrongCredentialsError: Nobody may sign in with these.
        NotAMemberError: The person does not belong to the wanted organisation.
        SignInUnavailableError: svc-directory does not answer.
    """
    tries = gateway.sign_in_limits.take(email=attempt.email, client_address=attempt.client_address)
    if tries.wait_s > 0:
        raise TooManySignInsError(retry_after_s=tries.retry_after_s)
    verified = await gateway.verifier.verify(
        email=attempt.email, password=attempt.password, client_address=attempt.client_address
    )
    gateway.sign_in_limits.give_back(email=attempt.email, client_address=attempt.client_address)
    await _known_here(gateway, verified)
    new = NewSession(
        person_id=verified.person_id,
        credential_version=verified.credential_version,
        client=attempt.client,
        organisation_id=attempt.organisation_id,
    )
    async with transaction_of_gateway(gateway.sessions) as session:
        return await begin_session(
            session, new, policy=gateway.policy, max_sessions=gateway.settings.max_sessions, now=datetime.now(UTC)
        )


async def _known_here(gateway: Gateway, verified: VerifiedPerson) -> None:
    """Wait for the local copy of the directory: a person may sign in the moment after they were made."""
    deadline = asyncio.get_running_loop().time() + PROJECTION_PATIENCE_S
    while True:
        async with transaction_of_gateway(gateway.sessions) as session:
            person = await find_person(session, SystemPrincipal(), verified.person_id)
            known = {each.organisation.id for each in await memberships_of(session, verified.person_id)}
        current = person is not None and person.credential_version >= verified.credential_version
        if current and known >= {each.organisation_id for each in verified.memberships}:
            return
        if asyncio.get_running_loop().time() >= deadline:
            raise SignInUnavailableError(retry_after_s=2)
        await asyncio.sleep(_LOOK_AGAIN_AFTER_S)

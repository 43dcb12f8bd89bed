"""From a presented secret to who that is: asked of the database once, then remembered until something changes.

Every change of a session, a token, a person, a membership or an organisation notifies all gateways at its commit
(trigger `identity_changed`). While a gateway hears no notifications it remembers nothing.
"""

import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_gateway.api_tokens.service import identify_token
from postroom_gateway.identification.credentials import CredentialKind, Presented
from postroom_gateway.person_rows import transaction_of_gateway
from postroom_gateway.secrets_of_clients import digest
from postroom_gateway.sessions.domain import SessionPolicy
from postroom_gateway.sessions.errors import NotAMemberError
from postroom_gateway.sessions.service import identify_session
from postroom_shared.database import Sessions
from postroom_shared.principal import ALL_SCOPES, PersonPrincipal, Role, SystemPrincipal
from postroom_shared.projection import find_person, memberships_of
from postroom_shared.projection.states import PersonState

REMEMBERED_S = 30.0
MAX_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who holds a session or an API token, and what they may do with it.

    Attributes:
        id: Of the session or the token.
        organisation_id: In which it acts when a request names none.
        roles: The person's role in each organisation the credential is good for.
        csrf_token: Of the session; None for API tokens, which browsers do not send by themselves.
        expires_at: When the credential ends at the latest; None: never by itself.
    """

    kind: CredentialKind
    id: UUID
    person_id: UUID
    operator: bool
    organisation_id: UUID | None
    roles: Mapping[UUID, Role]
    scopes: frozenset[str]
    csrf_token: str | None
    expires_at: datetime | None

    def acting_in(self, wanted: UUID | None) -> PersonPrincipal:
        """Return the caller in the organisation *wanted*, or in that of the credential.

        Raises:
            NotAMemberError: The credential is not good for it. Acting elsewhere instead would be worse.
        """
        if wanted is not None and wanted not in self.roles:
            raise NotAMemberError
        organisation_id = wanted or self.organisation_id
        role = self.roles.get(organisation_id) if organisation_id else None
        return PersonPrincipal(
            person_id=self.person_id,
            organisation_id=organisation_id if role else None,
            role=role,
            scopes=self.scopes,
            operator=self.operator,
            session_id=self.id,
        )


class Identities:
    """Who is behind each presented secret."""

    def __init__(self, sessions: Sessions, *, policy: SessionPolicy) -> None:
        self._sessions = sessions
        self._policy = policy
        self._remembered: OrderedDict[bytes, tuple[float, Identity]] = OrderedDict()
        self._listening = False
        self._changes = 0

    async def find(self, presented: Presented) -> Identity | None:
        """Return who presents it; None when it opens nothing."""
        key = digest(f"{presented.kind}:{presented.secret}")
        known = self._remembered.get(key)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        changes = self._changes
        async with transaction_of_gateway(self._sessions) as session:
            identity = await self._look_up(session, presented, now=datetime.now(UTC))
        # A change that came while we looked may be missing in what we saw.
        if identity is not None and self._listening and changes == self._changes:
            self._remember(key, identity)
        return identity

    def listening(self) -> None:
        """Begin to remember: changes are heard from now on."""
        self._listening = True

    def deaf(self) -> None:
        """Forget everything and remember nothing until `listening`."""
        self._listening = False
        self.forget_all()

    def forget(self, person_id: UUID) -> None:
        """Forget what was known of a person."""
        self._changes += 1
        stale = [key for key, (_, identity) in self._remembered.items() if identity.person_id == person_id]
        for key in stale:
            del self._remembered[key]

    def forget_all(self) -> None:
        """Forget what was known of everybody."""
        self._changes += 1
        self._remembered.clear()

    def _remember(self, key: bytes, identity: Identity) -> None:
        life_s = REMEMBERED_S
        if identity.expires_at is not None:
            life_s = min(life_s, (identity.expires_at - datetime.now(UTC)).total_seconds())
        self._remembered[key] = (time.monotonic() + life_s, identity)
        if len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)

    async def _look_up(self, session: AsyncSession, presented: Presented, *, now: datetime) -> Identity | None:
        if presented.kind == CredentialKind.SESSION:
            return await self._session(session, presented.secret, now=now)
        return await _api_token(session, presented.secret, now=now)

    async def _session(self, session: AsyncSession, access: str, *, now: datetime) -> Identity | None:
        found = await identify_session(session, access, policy=self._policy, now=now)
        person = await _enabled_person(session, found[0].person_id) if found else None
        if found is None or person is None or person.credential_version > found[0].credential_version:
            return None
        signed_in, pair = found
        return Identity(
            kind=CredentialKind.SESSION,
            id=signed_in.id,
            person_id=person.id,
            operator=person.operator,
            organisation_id=signed_in.organisation_id,
            roles=await _roles(session, person.id),
            scopes=frozenset({ALL_SCOPES}),
            csrf_token=signed_in.csrf_token,
            expires_at=min(pair.access_expires_at, signed_in.expires_at),
        )


async def _api_token(session: AsyncSession, secret: str, *, now: datetime) -> Identity | None:
    token = await identify_token(session, secret, now=now)
    person = await _enabled_person(session, token.person_id) if token else None
    if token is None or person is None:
        return None
    role = (await _roles(session, person.id)).get(token.organisation_id)
    if role is None:
        return None
    return Identity(
        kind=CredentialKind.API_TOKEN,
        id=token.id,
        person_id=person.id,
        operator=person.operator,
        organisation_id=token.organisation_id,
        roles={token.organisation_id: role},
        scopes=frozenset(token.scopes),
        csrf_token=None,
        expires_at=token.expires_at,
    )


async def _enabled_person(session: AsyncSession, person_id: UUID) -> PersonState | None:
    person = await find_person(session, SystemPrincipal(), person_id)
    return person if person is not None and person.enabled else None


async def _roles(session: AsyncSession, person_id: UUID) -> dict[UUID, Role]:
    return {each.organisation.id: each.role for each in await memberships_of(session, person_id)}

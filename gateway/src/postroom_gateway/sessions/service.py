"""Begin, continue, switch and end sessions. Every change is told as an event in the same transaction."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_gateway.secrets_of_clients import digest, new_secret
from postroom_gateway.sessions.domain import MAX_PAIRS, SessionPolicy, SignedInSession, TokenPair
from postroom_gateway.sessions.errors import NoSuchSessionError, NotAMemberError, NotASessionError
from postroom_gateway.sessions.repository import SignedInSessions
from postroom_shared.contracts.gateway import SessionEnd, SessionEndedV1, SessionStartedV1
from postroom_shared.events.outbox import publish
from postroom_shared.principal import PersonPrincipal
from postroom_shared.projection import memberships_of
from postroom_shared.projection.repository import OwnMembership
from postroom_shared.values import uuid7

USE_NOTED_EVERY = timedelta(minutes=1)
KEPT_AFTER_END = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedSession:
    """A session with the two secrets its client is about to get."""

    session: SignedInSession
    access: str
    refresh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """Who signed in, with what."""

    person_id: UUID
    credential_version: int
    client: str
    organisation_id: UUID | None


async def begin_session(
    session: AsyncSession, new: NewSession, *, policy: SessionPolicy, max_sessions: int, now: datetime
) -> IssuedSession:
    """Store a session with its first pair; end the ones used longest ago when the person has too many.

    Raises:
        NotAMemberError: `new.organisation_id` is an organisation in which the person may not act.
    """
    organisation_id = _chosen(await memberships_of(session, new.person_id), new.organisation_id)
    begun = SignedInSession(
        id=uuid7(),
        person_id=new.person_id,
        organisation_id=organisation_id,
        csrf_token=new_secret(),
        credential_version=new.credential_version,
        client=new.client,
        created_at=now,
        last_used_at=now,
        expires_at=now + policy.lifetime,
        ended_at=None,
    )
    sessions = SignedInSessions(session)
    others = await sessions.of_person(_holder(begun))
    await _end(session, [each.id for each in others[max_sessions - 1 :]], reason=SessionEnd.REVOKED, now=now)
    await sessions.add(begun)
    started = SessionStartedV1(session_id=begun.id, person_id=begun.person_id, expires_at=begun.expires_at)
    await publish(session, started, organisation_id=None, subject_id=begun.id)
    return await _issue(session, begun, policy=policy, now=now)


def _chosen(memberships: list[OwnMembership], wanted: UUID | None) -> UUID | None:
    own = [each.organisation.id for each in memberships]
    if wanted is not None and wanted not in own:
        raise NotAMemberError
    return wanted or (own[0] if own else None)


def _holder(begun: SignedInSession) -> PersonPrincipal:
    return PersonPrincipal(
        person_id=begun.person_id, organisation_id=begun.organisation_id, role=None, scopes=frozenset()
    )


async def _issue(
    session: AsyncSession, begun: SignedInSession, *, policy: SessionPolicy, now: datetime
) -> IssuedSession:
    access, refresh = new_secret(), new_secret()
    pair = TokenPair(
        id=uuid7(), issued_at=now, access_expires_at=now + policy.access, first_used_at=None, replaced_at=None
    )
    await SignedInSessions(session).add_pair(begun.id, pair, access_hash=digest(access), refresh_hash=digest(refresh))
    return IssuedSession(session=begun, access=access, refresh=refresh)


async def identify_session(
    session: AsyncSession, access: str, *, policy: SessionPolicy, now: datetime
) -> tuple[SignedInSession, TokenPair] | None:
    """Return the session that *access* opens, and note that it is in use; None when it opens none."""
    sessions = SignedInSessions(session)
    found = await sessions.find_by_access(digest(access))
    if found is None:
        return None
    signed_in, pair = found
    if signed_in.is_over(now=now, policy=policy) or not pair.opens(now=now, policy=policy):
        return None
    if pair.first_used_at is None:
        await sessions.note_first_use(signed_in.id, pair, now=now)
    if now - signed_in.last_used_at >= USE_NOTED_EVERY:
        await sessions.note_use(signed_in.id, now=now)
    return found


async def refresh_session(
    session: AsyncSession, refresh: str, *, policy: SessionPolicy, now: datetime
) -> IssuedSession | None:
    """Return the session of *refresh* with a fresh pair; None when it is over.

    A replaced refresh token after its grace ends the session (see `domain`), so the transaction has to be committed
    also when None is returned.
    """
    sessions = SignedInSessions(session)
    found = await sessions.find_by_refresh(digest(refresh))
    if found is None or found[0].is_over(now=now, policy=policy):
        return None
    signed_in, pair = found
    if not pair.refreshes(now=now, policy=policy):
        await _end(session, [signed_in.id], reason=SessionEnd.REVOKED, now=now)
        return None
    if await sessions.unreplaced_pairs(signed_in.id) >= MAX_PAIRS:
        await sessions.replace_unused(signed_in.id, pair, now=now)
    if pair.first_used_at is None:
        await sessions.note_first_use(signed_in.id, pair, now=now)
    await sessions.note_use(signed_in.id, now=now)
    return await _issue(session, signed_in, policy=policy, now=now)


async def own_session(session: AsyncSession, caller: PersonPrincipal) -> SignedInSession:
    """Return the session this request came with.

    Raises:
        NotASessionError: It came with an API token.
    """
    found = await SignedInSessions(session).get_own(caller, caller.session_id) if caller.session_id else None
    if found is None:
        raise NotASessionError
    return found


async def list_sessions(
    session: AsyncSession, caller: PersonPrincipal, *, policy: SessionPolicy, now: datetime
) -> list[SignedInSession]:
    """Return the caller's sessions that are not over, last used first."""
    found = await SignedInSessions(session).of_person(caller)
    return [each for each in found if not each.is_over(now=now, policy=policy)]


async def switch_organisation(session: AsyncSession, caller: PersonPrincipal, organisation_id: UUID) -> None:
    """Let this session act in another of the person's organisations.

    Raises:
        NotASessionError: The request came with an API token.
        NotAMemberError: The person does not belong to it.
    """
    signed_in = await own_session(session, caller)
    _chosen(await memberships_of(session, caller.person_id), organisation_id)
    await SignedInSessions(session).act_in(caller, signed_in.id, organisation_id)


async def sign_out(session: AsyncSession, caller: PersonPrincipal, *, now: datetime) -> None:
    """End the session this request came with.

    Raises:
        NotASessionError: It came with an API token.
    """
    signed_in = await own_session(session, caller)
    await _end(session, [signed_in.id], reason=SessionEnd.SIGNED_OUT, now=now)


async def end_session(session: AsyncSession, caller: PersonPrincipal, session_id: UUID, *, now: datetime) -> None:
    """End one of the caller's sessions, this one or another.

    Raises:
        NoSuchSessionError: It is not the caller's, or is over.
    """
    if await SignedInSessions(session).get_own(caller, session_id) is None:
        raise NoSuchSessionError
    await _end(session, [session_id], reason=SessionEnd.REVOKED, now=now)


async def sweep_sessions(session: AsyncSession, *, policy: SessionPolicy, now: datetime) -> None:
    """End what has expired or lost its owner, and forget what ended long ago."""
    sessions = SignedInSessions(session)
    await _tell(session, await sessions.end_idle(idle_since=now - policy.idle, now=now), reason=SessionEnd.EXPIRED)
    await _tell(session, await sessions.end_disowned(now=now), reason=SessionEnd.REVOKED)
    await sessions.forget(before=now - KEPT_AFTER_END)


async def _end(session: AsyncSession, session_ids: list[UUID], *, reason: SessionEnd, now: datetime) -> None:
    if session_ids:
        await _tell(session, await SignedInSessions(session).end(session_ids, reason=reason, now=now), reason=reason)


async def _tell(session: AsyncSession, ended: Iterable[SignedInSession], *, reason: SessionEnd) -> None:
    for each in ended:
        event = SessionEndedV1(session_id=each.id, person_id=each.person_id, reason=reason)
        await publish(session, event, organisation_id=None, subject_id=each.id)

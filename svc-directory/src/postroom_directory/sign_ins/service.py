"""Whether an e-mail and a password belong together.

The slow hash is computed between two short transactions, never inside one.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.passwords import Passwords, PasswordsBusyError
from postroom_directory.people.domain import Person
from postroom_directory.people.repository import People
from postroom_directory.sign_ins.domain import Subject, account, place, wait_left
from postroom_directory.sign_ins.errors import SignInDelayedError, SignInRefusedError
from postroom_directory.sign_ins.repository import OpenOrganisation, Penalties, open_organisations
from postroom_shared.database import Sessions, bind_organisation
from postroom_shared.principal import SystemPrincipal
from postroom_shared.values import Address

SYSTEM = SystemPrincipal()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who it is and where they may act."""

    person: Person
    organisations: Sequence[OpenOrganisation]


@asynccontextmanager
async def _transaction(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    async with sessions() as session, session.begin():
        await bind_organisation(session, SYSTEM)
        yield session


async def verify_sign_in(
    sessions: Sessions, passwords: Passwords, *, email: str, password: str, client_address: str
) -> SignedIn:
    """Return who signs in.

    Unknown people cost as much time as known ones, and get the same answer as disabled ones and wrong passwords.

    Raises:
        SignInRefusedError: They do not belong together.
        SignInDelayedError: Too many failures before.
        PasswordsBusyError: Too many passwords are being checked; no failure is counted.
    """
    its_account, its_place = account(email), place(client_address)
    async with counted_attempt(sessions, its_account, its_place):
        async with _transaction(sessions) as session:
            person = await _find(session, email)
        stored = person.password_hash if person is not None and person.enabled else None
        if not await passwords.matches(stored, password) or person is None or stored is None:
            raise SignInRefusedError
    rehashed = await passwords.hash(password) if passwords.is_outdated(stored) else None
    async with _transaction(sessions) as session:
        if rehashed is not None:
            await People(session, SYSTEM).keep_rehashed(person, rehashed)
        return SignedIn(person, await open_organisations(session, person.id))


async def _find(session: AsyncSession, email: str) -> Person | None:
    try:
        address = Address(email)
    except ValueError:
        return None
    return await People(session, SYSTEM).named(address)


@asynccontextmanager
async def counted_attempt(sessions: Sessions, its_account: Subject, its_place: Subject | None) -> AsyncIterator[None]:
    """Count an attempt as a failure unless the body goes well, or no password was checked at all.

    Raises:
        SignInDelayedError: Too many failures before; the body is not run.
    """
    subjects = [subject for subject in (its_account, its_place) if subject is not None]
    await _count(sessions, subjects)
    try:
        yield
    except PasswordsBusyError:
        async with _transaction(sessions) as session:
            for subject in subjects:
                await Penalties(session).take_back(subject)
        raise
    async with _transaction(sessions) as session:
        await Penalties(session).forgive(its_account)
        if its_place is not None:
            await Penalties(session).take_back(its_place)


async def _count(sessions: Sessions, subjects: Sequence[Subject]) -> None:
    async with _transaction(sessions) as session:
        penalties = Penalties(session)
        refused_until = await penalties.refused_until(subjects, now=datetime.now(UTC))
        now = datetime.now(UTC)  # after the wait for others
        wait_s = wait_left(refused_until, now=now)
        if wait_s:
            raise SignInDelayedError(retry_after_s=wait_s)
        for subject in sorted(subjects, key=lambda each: each.key):
            await penalties.count_failure(subject, now=now)


async def purge_penalties(sessions: Sessions) -> None:
    """Delete failures that count no more."""
    async with _transaction(sessions) as session:
        await Penalties(session).purge(now=datetime.now(UTC))

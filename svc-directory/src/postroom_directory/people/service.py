"""Use cases of people."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.memberships.domain import Membership, acting_role, require_may_touch
from postroom_directory.memberships.errors import AlreadyMemberError
from postroom_directory.memberships.repository import Memberships
from postroom_directory.memberships.service import add_membership, remove_membership
from postroom_directory.organisations.repository import Organisations
from postroom_directory.passwords import Passwords
from postroom_directory.people.domain import (
    PasswordLink,
    Person,
    new_token,
    require_authority,
    require_operator_remains,
    require_strong,
    token_hash,
)
from postroom_directory.people.errors import OrganisationMissingError, PasswordLinkError, WrongPasswordError
from postroom_directory.people.repository import PasswordLinks, People
from postroom_directory.sign_ins.domain import account
from postroom_directory.sign_ins.service import counted_attempt
from postroom_shared.contracts.directory import (
    PersonChangedV1,
    PersonCreatedV1,
    PersonCredentialChangedV1,
    PersonDeletedV1,
)
from postroom_shared.database import Sessions
from postroom_shared.database.scope import seeing_everything
from postroom_shared.errors import ConflictError, ForbiddenError
from postroom_shared.events.outbox import publish
from postroom_shared.http.etag import check_version
from postroom_shared.principal import PersonPrincipal, Principal, Role, SystemPrincipal
from postroom_shared.values import Address, uuid7

SYSTEM = SystemPrincipal()


@dataclass(frozen=True, kw_only=True, slots=True)
class Invitation:
    """Whom to invite, and as what."""

    email: Address
    display_name: str
    language: str
    role: Role | None
    organisation_id: UUID | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Invited:
    """What came of it; the link is there for new accounts only."""

    person_id: UUID
    membership: Membership | None
    link: PasswordLink | None


async def invite_person(
    session: AsyncSession, principal: PersonPrincipal, invitation: Invitation, *, link_life: timedelta
) -> Invited:
    """Invite somebody to an organisation; an account is made when the e-mail has none.

    Who has an account accepts the invitation with it, so that nobody is drawn into an organisation unasked.

    Raises:
        ForbiddenError: The caller manages no such organisation.
        RoleNotYoursError: An administrator names an owner or legal representative.
        OrganisationMissingError: An organisation without role, or a role without organisation.
        AlreadyMemberError: The person belongs to it or is invited.
    """
    organisation_id = await _organisation_to_join(session, principal, invitation)
    person, is_new = await _person_to_invite(session, invitation)
    membership = None
    if organisation_id is not None and invitation.role is not None:
        await _require_no_member(session, person, organisation_id)
        membership = await add_membership(
            session,
            principal,
            organisation_id=organisation_id,
            person_id=person.id,
            role=invitation.role,
            accepted_at=person.created_at if is_new else None,
        )
    elif not is_new:
        raise ConflictError("There is an account with this e-mail.")
    link = await issue_link(session, person, life=link_life) if is_new else None
    return Invited(person_id=person.id, membership=membership, link=link)


async def _organisation_to_join(
    session: AsyncSession, principal: PersonPrincipal, invitation: Invitation
) -> UUID | None:
    organisation_id = invitation.organisation_id or principal.organisation_id
    if organisation_id is None and invitation.role is None and principal.operator:
        return None
    if organisation_id is None and not principal.operator:
        raise ForbiddenError
    if organisation_id is None or invitation.role is None:
        raise OrganisationMissingError
    require_may_touch(acting_role(principal, organisation_id), invitation.role)
    async with seeing_everything(session):
        await Organisations(session, SYSTEM).get(organisation_id)
    return organisation_id


async def _person_to_invite(session: AsyncSession, invitation: Invitation) -> tuple[Person, bool]:
    """Return the person with this e-mail, and whether they are new. Managers do not see people of other places."""
    async with seeing_everything(session):
        people = People(session, SYSTEM)
        if known := await people.named(invitation.email):
            return known, False
        now = datetime.now(UTC)
        person = Person(
            id=uuid7(),
            email=invitation.email,
            display_name=invitation.display_name,
            language=invitation.language,
            enabled=True,
            operator=False,
            password_hash=None,
            credential_version=1,
            version=1,
            created_at=now,
            changed_at=now,
        )
        if not await people.add(person):
            raise ConflictError("Somebody else is creating this account at this moment.")
        payload = PersonCreatedV1(id=person.id, version=1)
        await publish(session, payload, organisation_id=None, subject_id=person.id)
        return person, True


async def _require_no_member(session: AsyncSession, person: Person, organisation_id: UUID) -> None:
    if await Memberships(session, SystemPrincipal(organisation_id=organisation_id)).of_person(person.id):
        raise AlreadyMemberError


async def change_person(
    session: AsyncSession, principal: PersonPrincipal, person_id: UUID, *, version: int, changes: Mapping[str, Any]
) -> Person:
    """Change an account: name and language by the person too, the rest by those who may.

    Raises:
        NotFoundError: The caller does not see the person.
        ForbiddenError: The caller may not; only operators give and take the operator's flag.
        SharedAccountError, RoleNotYoursError: See `require_authority`.
        LastOperatorError: Nobody would run the installation.
    """
    people = People(session, principal)
    person = await people.get(person_id, lock=True)
    harmless = set(changes) <= {"display_name", "language"}
    if not (harmless and person.id == principal.person_id):
        require_authority(principal, person, await _all_memberships(session, person))
    if changes.get("operator", person.operator) != person.operator and not principal.operator:
        raise ForbiddenError
    check_version(wanted=version, present=person.version)
    changed = person.with_account(
        display_name=changes.get("display_name", person.display_name),
        language=changes.get("language", person.language),
        enabled=changes.get("enabled", person.enabled),
        operator=changes.get("operator", person.operator),
        now=datetime.now(UTC),
    )
    await _require_operator_remains(session, person, becomes=changed)
    await _save(session, principal, changed, sessions_end=changed.credential_version != person.credential_version)
    return changed


async def delete_person(session: AsyncSession, principal: PersonPrincipal, person_id: UUID, *, version: int) -> None:
    """Delete an account with its memberships and grants.

    Raises:
        ForbiddenError, SharedAccountError, RoleNotYoursError: See `require_authority`.
        LastOwnerError: An organisation would have no owner.
        LastOperatorError: Nobody would run the installation.
    """
    people = People(session, principal)
    person = await people.get(person_id, lock=True)
    memberships = await _all_memberships(session, person)
    require_authority(principal, person, memberships)
    check_version(wanted=version, present=person.version)
    await _require_operator_remains(session, person, becomes=None)
    async with seeing_everything(session):
        for membership in memberships:
            await remove_membership(session, SYSTEM, membership)
        await People(session, SYSTEM).remove(person)
        payload = PersonDeletedV1(id=person.id, version=person.version + 1)
        await publish(session, payload, organisation_id=None, subject_id=person.id)


async def reset_password(
    session: AsyncSession, principal: PersonPrincipal, person_id: UUID, *, life: timedelta
) -> PasswordLink:
    """Return a one-time link for a person who lost their password; the present one stays good until it is used.

    Raises:
        ForbiddenError, SharedAccountError, RoleNotYoursError: See `require_authority`.
    """
    person = await People(session, principal).get(person_id, lock=True)
    require_authority(principal, person, await _all_memberships(session, person))
    return await issue_link(session, person, life=life)


async def issue_link(session: AsyncSession, person: Person, *, life: timedelta) -> PasswordLink:
    """Make a link in place of all earlier ones; the caller has judged."""
    now, token = datetime.now(UTC), new_token()
    link = PasswordLink(token, now + life)
    await PasswordLinks(session).replace(person.id, token_hash(token), now=now, expires_at=link.expires_at)
    return link


async def set_password_by_link(session: AsyncSession, passwords: Passwords, *, token: str, password: str) -> None:
    """Set the password of the person whose link it is; all links of the person end, and their sessions.

    Raises:
        PasswordLinkError: The link is not good, or the person is disabled.
        WeakPasswordError: The password is easy to guess.
        PasswordsBusyError: Too many are being hashed.
    """
    people, links = People(session, SYSTEM), PasswordLinks(session)
    person_id = await links.holder(token_hash(token), now=datetime.now(UTC))
    person = await people.find(person_id, lock=True) if person_id else None
    if person is None or not person.enabled:
        raise PasswordLinkError
    require_strong(password, email=person.email)
    hashed = await passwords.hash(password)
    await links.remove_of(person.id)
    await _save(session, SYSTEM, person.with_password(hashed, now=datetime.now(UTC)), sessions_end=True)


async def change_password(
    session: AsyncSession,
    principal: PersonPrincipal,
    passwords: Passwords,
    *,
    sessions: Sessions,
    person_id: UUID,
    present: str,
    new: str,
) -> Person:
    """Change one's own password; all sessions end.

    *sessions* remember a wrong password, which *session* forgets with everything else.

    Raises:
        ForbiddenError: It is somebody else's.
        WrongPasswordError: *present* is not the present one.
        SignInDelayedError: Too many were not.
        WeakPasswordError: *new* is easy to guess.
    """
    person = await People(session, principal).get(person_id, lock=True)
    if person.id != principal.person_id:
        raise ForbiddenError
    async with counted_attempt(sessions, account(person.email), None):
        if not await passwords.matches(person.password_hash, present):
            raise WrongPasswordError
    require_strong(new, email=person.email)
    changed = person.with_password(await passwords.hash(new), now=datetime.now(UTC))
    await PasswordLinks(session).remove_of(person.id)
    await _save(session, principal, changed, sessions_end=True)
    return changed


async def _all_memberships(session: AsyncSession, person: Person) -> list[Membership]:
    async with seeing_everything(session):
        return await Memberships(session, SYSTEM).of_person(person.id)


async def _require_operator_remains(session: AsyncSession, person: Person, *, becomes: Person | None) -> None:
    if person.runs_installation and not (becomes and becomes.runs_installation):
        others = await People(session, SYSTEM).count_other_operators(person)
        require_operator_remains(person, becomes=becomes, other_operators=others)


async def _save(session: AsyncSession, principal: Principal, person: Person, *, sessions_end: bool) -> None:
    await People(session, principal).save(person)
    changed = PersonChangedV1(id=person.id, version=person.version)
    await publish(session, changed, organisation_id=None, subject_id=person.id)
    if sessions_end:
        ended = PersonCredentialChangedV1(
            id=person.id, version=person.version, credential_version=person.credential_version
        )
        await publish(session, ended, organisation_id=None, subject_id=person.id)

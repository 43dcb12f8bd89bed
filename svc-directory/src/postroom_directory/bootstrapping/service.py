"""The first operator and the first organisation of a real installation.

Source: docs/promises.md#+roles-operator
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_directory.bootstrapping.repository import claim_bootstrap
from postroom_directory.organisations.domain import OrganisationDetails
from postroom_directory.organisations.service import create_organisation
from postroom_directory.people.domain import PasswordLink
from postroom_directory.people.repository import People
from postroom_directory.people.service import Invitation, change_person, invite_person, issue_link
from postroom_shared.principal import ALL_SCOPES, PersonPrincipal, Role
from postroom_shared.values import NIL, Address

NOBODY_YET = PersonPrincipal(
    person_id=NIL, organisation_id=None, role=None, scopes=frozenset({ALL_SCOPES}), operator=True
)
"""Who acts before there is an operator: whoever can start this command with the service's settings."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstPeople:
    """Whom to create."""

    organisation: str
    language: str
    time_zone: str
    owner: Address
    operator: Address


async def bootstrap(
    session: AsyncSession, first: FirstPeople, *, link_life: timedelta
) -> dict[Address, PasswordLink] | None:
    """Create organisation, owner and operator, who may be one person; return their one-time links by e-mail.

    Return None, and change nothing, when there is an operator already.
    """
    await claim_bootstrap(session)
    if await People(session, NOBODY_YET).has_operator():
        return None
    details = OrganisationDetails(
        name=first.organisation,
        address_lines=(),
        language=first.language,
        time_zone=first.time_zone,
        contact_email=first.owner,
        registration_number=None,
    )
    organisation = await create_organisation(session, NOBODY_YET, details)
    owner = Invitation(
        email=first.owner,
        display_name=first.owner.local_part,
        language=first.language,
        role=Role.OWNER,
        organisation_id=organisation.id,
    )
    await invite_person(session, NOBODY_YET, owner, link_life=link_life)
    if first.operator != first.owner:
        await invite_person(session, NOBODY_YET, _operator(first), link_life=link_life)
    await _make_operator(session, first.operator)
    invited = dict.fromkeys((first.owner, first.operator))
    return {email: await _link(session, email, life=link_life) for email in invited}


def _operator(first: FirstPeople) -> Invitation:
    return Invitation(
        email=first.operator,
        display_name=first.operator.local_part,
        language=first.language,
        role=None,
        organisation_id=None,
    )


async def _make_operator(session: AsyncSession, email: Address) -> None:
    person = await People(session, NOBODY_YET).named(email)
    if person is None:
        raise LookupError("the operator was just created")
    await change_person(session, NOBODY_YET, person.id, version=person.version, changes={"operator": True})


async def _link(session: AsyncSession, email: Address, *, life: timedelta) -> PasswordLink:
    person = await People(session, NOBODY_YET).named(email)
    if person is None:
        raise LookupError("the person was just created")
    return await issue_link(session, person, life=life)

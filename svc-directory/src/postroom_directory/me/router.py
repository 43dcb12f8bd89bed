"""HTTP of oneself."""

from fastapi import APIRouter

from postroom_directory.dependencies import Reader, WideSession
from postroom_directory.grants.domain import rights_held
from postroom_directory.grants.repository import Grants
from postroom_directory.me.repository import own_organisations
from postroom_directory.me.schemas import MeRead, MyAddress, MyOrganisation
from postroom_directory.people.repository import People
from postroom_directory.people.schemas import PersonRead
from postroom_shared.errors import NotFoundError
from postroom_shared.http.problem import problem_responses

router = APIRouter(prefix="/v1/me", tags=["people"])


@router.get("", responses=problem_responses(NotFoundError))
async def read_me(caller: Reader, session: WideSession) -> MeRead:
    """Return who is signed in: person, organisations, and the addresses attached to them in the acting one."""
    person = await People(session, caller).get(caller.person_id)
    organisations = await own_organisations(session, caller)
    attached = await Grants(session, caller).attached(caller.person_id) if caller.organisation_id else []
    return MeRead(
        person=PersonRead.of(person),
        organisation_id=caller.organisation_id,
        role=caller.role,
        organisations=[MyOrganisation.model_validate(each, from_attributes=True) for each in organisations],
        addresses=[
            MyAddress(
                address_id=grant.address_id,
                grant_id=grant.id,
                address=address,
                rights=sorted(rights_held(caller, grant.rights)),
            )
            for address, grant in attached
        ],
    )

"""What a person is told about themselves."""

from uuid import UUID

from pydantic import BaseModel, Field

from postroom_directory.people.schemas import PersonRead
from postroom_shared.principal import AddressRight, Role
from postroom_shared.values import Address


class MyOrganisation(BaseModel):
    """An organisation that one belongs to, or is invited to."""

    membership_id: UUID
    organisation_id: UUID
    name: str
    role: Role
    accepted: bool = Field(description="False for an invitation: `POST /v1/memberships/{id}:accept`.")
    active: bool = Field(description="False while the operator has suspended it.")


class MyAddress(BaseModel):
    """An address attached to oneself in the acting organisation."""

    address_id: UUID
    grant_id: UUID
    address: Address
    rights: list[AddressRight] = Field(description="By role or by grant.")


class MeRead(BaseModel):
    """Who is signed in, and what they may do."""

    person: PersonRead
    organisation_id: UUID | None = Field(description="The one this request acts in.")
    role: Role | None = Field(description="In that organisation.")
    organisations: list[MyOrganisation]
    addresses: list[MyAddress]

"""What travels between the gateway and svc-directory about sign-ins."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, IPvAnyAddress, SecretStr

from postroom_directory.fields import Input
from postroom_directory.sign_ins.service import SignedIn
from postroom_shared.principal import Role
from postroom_shared.values import Address


class SignInAttempt(Input):
    """What somebody typed, and where. The e-mail is not judged here: every wrong one gets the same answer."""

    email: Annotated[str, Field(max_length=320)]
    password: Annotated[SecretStr, Field(max_length=1024)]
    client_address: IPvAnyAddress


class SignInOrganisation(BaseModel):
    """An organisation in which the person may act."""

    organisation_id: UUID
    name: str
    role: Role


class SignInRead(BaseModel):
    """Who signed in."""

    person_id: UUID
    email: Address
    display_name: str
    language: str
    operator: bool
    credential_version: int = Field(description="Sessions begun under a lower one are over.")
    memberships: list[SignInOrganisation]

    @classmethod
    def of(cls, signed_in: SignedIn) -> Self:
        """Return what the gateway is told."""
        person = signed_in.person
        return cls(
            person_id=person.id,
            email=person.email,
            display_name=person.display_name,
            language=person.language,
            operator=person.operator,
            credential_version=person.credential_version,
            memberships=[
                SignInOrganisation.model_validate(each, from_attributes=True) for each in signed_in.organisations
            ],
        )

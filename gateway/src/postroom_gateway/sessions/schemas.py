"""What travels about sessions over HTTP. The tokens themselves travel in cookies only."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from postroom_gateway.sessions.domain import SignedInSession
from postroom_shared.principal import PersonPrincipal, Role
from postroom_shared.projection.repository import OwnMembership
from postroom_shared.values import Address

MAX_PASSWORD_LENGTH = 1024


class SignIn(BaseModel):
    """Who wants to sign in."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"email": "anna@example.com", "password": "correct horse battery staple"}]},
    )

    email: Address
    password: Annotated[SecretStr, Field(min_length=1, max_length=MAX_PASSWORD_LENGTH)]
    organisation_id: UUID | None = Field(
        None, description="In which organisation to act first; else the first by name."
    )


class OrganisationChoice(BaseModel):
    """The organisation to act in from now on."""

    model_config = ConfigDict(extra="forbid")

    organisation_id: UUID


class OwnOrganisation(BaseModel):
    """An organisation the person may act in."""

    id: UUID
    name: str
    role: Role

    @classmethod
    def of(cls, membership: OwnMembership) -> Self:
        """Return what the person sees of *membership*."""
        return cls(id=membership.organisation.id, name=membership.organisation.name, role=membership.role)


class SessionView(BaseModel):
    """A session in the list."""

    id: UUID
    client: str = Field(description="Family of browser and system.")
    created_at: datetime
    last_used_at: datetime = Field(description="To the minute.")
    expires_at: datetime = Field(description="When it ends in any case.")
    current: bool = Field(description="Whether this request came with it.")

    @classmethod
    def of(cls, signed_in: SignedInSession, caller: PersonPrincipal) -> Self:
        """Return what the person sees of *signed_in*."""
        return cls(
            id=signed_in.id,
            client=signed_in.client,
            created_at=signed_in.created_at,
            last_used_at=signed_in.last_used_at,
            expires_at=signed_in.expires_at,
            current=signed_in.id == caller.session_id,
        )


class CurrentSession(BaseModel):
    """The session of this browser."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "019a2b6e-7c1d-7b3e-9a55-2f3c1d7e8a90",
                    "person_id": "019a2b6d-0000-7b3e-9a55-2f3c1d7e8a90",
                    "organisation_id": "019a2b6d-1111-7b3e-9a55-2f3c1d7e8a90",
                    "organisations": [
                        {"id": "019a2b6d-1111-7b3e-9a55-2f3c1d7e8a90", "name": "Example SA", "role": "owner"}
                    ],
                    "csrf_token": "d3Jvbmc…",
                    "client": "Firefox on Linux",
                    "created_at": "2026-11-25T10:00:00Z",
                    "expires_at": "2026-12-25T10:00:00Z",
                    "refresh_after_s": 600,
                }
            ]
        }
    )

    id: UUID
    person_id: UUID
    organisation_id: UUID | None = Field(description="In which it acts unless `Postroom-Organisation` says otherwise.")
    organisations: list[OwnOrganisation]
    csrf_token: str = Field(description="Send it as `X-CSRF-Token` with every POST, PUT, PATCH and DELETE.")
    client: str
    created_at: datetime
    expires_at: datetime
    refresh_after_s: int = Field(description="Seconds the session cookie is good for; refresh before.")

    @classmethod
    def of(cls, signed_in: SignedInSession, memberships: Iterable[OwnMembership], *, refresh_after_s: int) -> Self:
        """Return what the person sees of the session they are in."""
        organisations = [OwnOrganisation.of(each) for each in memberships]
        acting = signed_in.organisation_id
        return cls(
            id=signed_in.id,
            person_id=signed_in.person_id,
            organisation_id=acting if any(each.id == acting for each in organisations) else None,
            organisations=organisations,
            csrf_token=signed_in.csrf_token,
            client=signed_in.client,
            created_at=signed_in.created_at,
            expires_at=signed_in.expires_at,
            refresh_after_s=refresh_after_s,
        )

"""What travels over HTTP about memberships."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from postroom_directory.fields import Input
from postroom_directory.memberships.domain import Membership
from postroom_shared.http.pages import PageQuery
from postroom_shared.principal import Role


class MembershipChange(Input):
    """What changes."""

    role: Role


class MembershipQuery(PageQuery):
    """Filters of the list."""

    organisation_id: UUID | None = None
    person_id: UUID | None = None
    role: list[Role] = Field(default_factory=list, max_length=5, description="Only these roles.")


class MembershipRead(BaseModel):
    """A person in an organisation."""

    id: UUID
    organisation_id: UUID
    person_id: UUID
    role: Role
    accepted_at: datetime | None = Field(description="Null while it is an invitation that opens nothing.")
    version: int = Field(description="Also in `ETag`; give it back in `If-Match`.")
    created_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, membership: Membership) -> Self:
        """Return how *membership* is shown."""
        return cls.model_validate(membership, from_attributes=True)

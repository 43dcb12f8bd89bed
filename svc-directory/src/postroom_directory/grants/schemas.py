"""What travels over HTTP about grants."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field

from postroom_directory.fields import Input
from postroom_directory.grants.domain import Grant
from postroom_shared.http.pages import PageQuery
from postroom_shared.principal import AddressRight

Rights = Annotated[
    list[AddressRight],
    Field(max_length=len(AddressRight), description="Everything the person may do; none leaves the address attached."),
]


class GrantCreate(Input):
    """A new grant."""

    person_id: UUID
    rights: Rights | None = Field(None, description="Left out: what the mail service gives by default, and the logs.")


class GrantChange(Input):
    """What changes."""

    rights: Rights


class GrantQuery(PageQuery):
    """Filters of the list."""

    address_id: UUID | None = None
    person_id: UUID | None = None


class GrantRead(BaseModel):
    """What one person may do with one address."""

    id: UUID
    address_id: UUID
    person_id: UUID
    rights: list[AddressRight]
    version: int = Field(description="Also in `ETag`; give it back in `If-Match`.")
    created_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, grant: Grant) -> Self:
        """Return how *grant* is shown."""
        return cls(
            id=grant.id,
            address_id=grant.address_id,
            person_id=grant.person_id,
            rights=sorted(grant.rights),
            version=grant.version,
            created_at=grant.created_at,
            changed_at=grant.changed_at,
        )

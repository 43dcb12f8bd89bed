"""What travels over HTTP about domains."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from postroom_directory.fields import Input
from postroom_shared.values import Domain


class DomainAdd(Input):
    """A further domain of a mail service."""

    name: Domain
    alias_of: Annotated[
        Domain | None, Field(description="Take mail for the same local parts of this domain of the same mail service.")
    ] = None


class DomainRead(BaseModel):
    """A domain."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    mail_service_id: UUID
    name: str
    alias_of: str | None
    is_primary: bool
    version: int = Field(description="Also in `ETag`; give it back in `If-Match`.")
    created_at: datetime

"""What travels over HTTP about aliases."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from postroom_directory.fields import Input
from postroom_shared.values import Address


class AliasAdd(Input):
    """A further name for an address, in one of its mail service's domains."""

    alias: Address


class AliasRead(BaseModel):
    """An alias."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    address_id: UUID
    alias: str
    version: int = Field(description="Also in `ETag`; give it back in `If-Match`.")
    created_at: datetime

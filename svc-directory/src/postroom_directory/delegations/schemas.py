"""What travels over HTTP about delegations."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from postroom_directory.delegations.domain import DelegatedRight
from postroom_directory.fields import Input


class DelegationAdd(Input):
    """Let another address of the organisation send for this one."""

    delegate_address_id: Annotated[UUID, Field(description="The address that may send.")]
    right: DelegatedRight


class DelegationRead(BaseModel):
    """A delegation."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    address_id: UUID
    delegate_address_id: UUID
    right: DelegatedRight
    version: int = Field(description="Also in `ETag`; give it back in `If-Match`.")
    created_at: datetime

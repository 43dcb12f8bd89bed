"""What travels over HTTP about redirections."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from postroom_directory.fields import Input
from postroom_directory.redirections.domain import RedirectionState
from postroom_shared.values import Address


class RedirectionAdd(Input):
    """Mail of the address is to go there too, once whoever reads it there agrees."""

    target: Address
    keep_copy: Annotated[bool, Field(strict=True, description="Also keep the mail in the mailbox.")] = True


class RedirectionRead(BaseModel):
    """A redirection. Confirmed ones are carried out with svc-templates installed, whose Sieve scripts redirect."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    address_id: UUID
    target: str
    keep_copy: bool
    state: RedirectionState
    confirmed_at: datetime | None
    version: int = Field(description="Also in `ETag`; give it back in `If-Match`.")
    created_at: datetime


class RedirectionConfirm(Input):
    """The token of the link."""

    token: Annotated[str, Field(min_length=20, max_length=100, pattern=r"^[A-Za-z0-9_-]+$")]


class RedirectionConfirmed(BaseModel):
    """What was agreed to."""

    target: str
    state: RedirectionState


class IssuedToken(BaseModel):
    """A fresh token and where its link goes, for the service that writes the mail."""

    token: str
    target: str
    address: str
    language: str
    expires_at: datetime

"""What travels over HTTP about DKIM keys."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from postroom_directory.dkim_keys.domain import DkimAlgorithm, DkimKeyState
from postroom_directory.fields import Input
from postroom_shared.values import Domain

Selector = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", examples=["pr20261125r"])]


class DkimKeyCreate(Input):
    """A new key pair for a domain; it is made here, and its private half never leaves but to sign."""

    domain: Domain
    algorithm: DkimAlgorithm = DkimAlgorithm.RSA2048
    selector: Annotated[Selector | None, Field(description="Null: made from the date and the algorithm.")] = None


class DkimKeyRead(BaseModel):
    """A DKIM key with the DNS record to publish."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    mail_service_id: UUID
    domain: str
    selector: str
    algorithm: DkimAlgorithm
    state: DkimKeyState
    record_name: str = Field(description="Name of the TXT record.")
    record_value: str = Field(description="Its value as one text.")
    record_strings: list[str] = Field(description="The value in strings of at most 255 octets, as zone files want it.")
    activated_at: datetime | None
    retired_at: datetime | None
    version: int = Field(description="Also in `ETag`; give it back in `If-Match`.")
    created_at: datetime


class SigningKey(BaseModel):
    """A key that signs, with its private half, for svc-smtp-guard."""

    id: UUID
    domain: str
    selector: str
    algorithm: DkimAlgorithm
    private_key: str = Field(description="PKCS #8 PEM.")
    version: int


class SigningKeys(BaseModel):
    """The keys that sign the mail of a domain: at most one of each algorithm."""

    items: list[SigningKey]

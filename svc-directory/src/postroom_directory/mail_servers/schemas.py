"""What travels over HTTP about mail servers."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic.json_schema import SkipJsonSchema

from postroom_directory.fields import WHOLE, Input, Line
from postroom_directory.mail_servers.domain import TlsMode
from postroom_directory.patching import Patch, no_default

Port = Annotated[int, Field(strict=True, ge=1, le=65_535), WHOLE]
Host = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:_-]+$", examples=["mail.example.com"])]
Pem = Annotated[str, Field(max_length=65_536, description="Certificates (PEM) to trust beside the system's.")]


class EndpointSchema(BaseModel):
    """Where one protocol answers."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)

    host: Host
    port: Port
    tls: TlsMode


class MailServerCreate(Input):
    """A mail server to be known; IMAP is what every part of the suite needs."""

    name: Line
    imap: EndpointSchema
    managesieve: EndpointSchema | None = None
    lmtp: EndpointSchema | None = None
    smtp: EndpointSchema | None = None
    tls_ca_pem: Pem | None = None


class MailServerUpdate(Patch):
    """What is to change; members that are left out stay, null removes an endpoint."""

    never_null: ClassVar[frozenset[str]] = frozenset({"name", "imap"})

    name: Line | SkipJsonSchema[None] = Field(None, json_schema_extra=no_default)
    imap: EndpointSchema | SkipJsonSchema[None] = Field(None, json_schema_extra=no_default)
    managesieve: EndpointSchema | None = Field(None, json_schema_extra=no_default)
    lmtp: EndpointSchema | None = Field(None, json_schema_extra=no_default)
    smtp: EndpointSchema | None = Field(None, json_schema_extra=no_default)
    tls_ca_pem: Pem | None = Field(None, json_schema_extra=no_default)


class MailServerRead(BaseModel):
    """A mail server."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    imap: EndpointSchema
    managesieve: EndpointSchema | None
    lmtp: EndpointSchema | None
    smtp: EndpointSchema | None
    tls_ca_pem: str | None
    has_master_login: bool = Field(description="Whether services can act for its mailboxes. The login is never shown.")
    version: int = Field(description="Also in `ETag`; give it back in `If-Match`.")
    created_at: datetime


class MasterLoginSet(Input):
    """A login that may act for every mailbox of the server."""

    user: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[!-~]+$")]
    secret: Annotated[SecretStr, Field(min_length=16, max_length=1024)]


class MasterLoginRead(BaseModel):
    """The login, for services of the suite only."""

    user: str
    secret: str
    version: int

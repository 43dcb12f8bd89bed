"""What travels over HTTP about addresses."""

from datetime import datetime
from typing import Annotated, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints
from pydantic.json_schema import SkipJsonSchema

from postroom_directory.addresses.domain import AddressKind, MailAddress
from postroom_directory.addresses.repository import AddressFilters
from postroom_directory.fields import Input
from postroom_directory.patching import Patch, no_default
from postroom_shared.http.pages import PageQuery
from postroom_shared.values import Address, Domain

DisplayName = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f\u2028\u2029]*$")]
AttributeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
AttributeValue = Annotated[str, StringConstraints(max_length=400, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]
Attributes = Annotated[
    dict[AttributeName, AttributeValue],
    Field(
        max_length=30,
        description="Facts for signatures and lists.",
        examples=[{"first_name": "Anna", "job": "Accountant", "phone": "+41 22 555 01 01"}],
        json_schema_extra={"additionalProperties": False},
    ),
]
Switch = Annotated[bool, Field(strict=True)]
Quota = Annotated[int, Field(strict=True, ge=1, le=1 << 50, description="Octets; null is the mail server's own.")]


class AddressCreate(Input):
    """A new address; its password is set afterwards."""

    mail_service_id: UUID
    address: Address
    kind: AddressKind = AddressKind.MAILBOX
    enabled: Switch = True
    display_name: DisplayName = ""
    attributes: Attributes = Field(default_factory=dict)
    quota_bytes: Quota | None = None
    sub_addressing: Annotated[Switch, Field(description="`anna+shop@…` reaches `anna@…`.")] = True
    catch_all: Annotated[Switch, Field(description="Gets what the domain has no name for; one in a domain.")] = False
    spam_filter: Switch = True
    advertising_filter: Switch = False


class AddressChange(Patch):
    """What changes; members that are left out stay."""

    never_null: ClassVar[frozenset[str]] = frozenset(
        {
            "enabled",
            "display_name",
            "attributes",
            "sub_addressing",
            "catch_all",
            "spam_filter",
            "advertising_filter",
        }
    )

    enabled: Switch | SkipJsonSchema[None] = Field(None, json_schema_extra=no_default)
    display_name: DisplayName | SkipJsonSchema[None] = Field(None, json_schema_extra=no_default)
    attributes: Attributes | SkipJsonSchema[None] = Field(None, json_schema_extra=no_default)
    quota_bytes: Quota | None = Field(None, json_schema_extra=no_default)
    sub_addressing: Switch | SkipJsonSchema[None] = Field(None, json_schema_extra=no_default)
    catch_all: Switch | SkipJsonSchema[None] = Field(None, json_schema_extra=no_default)
    spam_filter: Switch | SkipJsonSchema[None] = Field(None, json_schema_extra=no_default)
    advertising_filter: Switch | SkipJsonSchema[None] = Field(None, json_schema_extra=no_default)


class AddressQuery(PageQuery):
    """Filters of the list."""

    mail_service_id: UUID | None = None
    domain: Domain | None = None
    kind: AddressKind | None = None
    enabled: bool | None = None
    q: Annotated[
        str | None, Field(min_length=1, max_length=320, pattern=r"^[^\x00]+$", description="Beginning of the address.")
    ] = None
    attached: Annotated[bool, Field(description="Only addresses attached to the caller by a grant.")] = False

    def filters(self) -> AddressFilters:
        """Return what was asked for."""
        return AddressFilters(
            mail_service_id=self.mail_service_id,
            domain=self.domain,
            kind=self.kind,
            enabled=self.enabled,
            prefix=self.q,
            attached=self.attached,
        )


class AddressRead(BaseModel):
    """An address."""

    id: UUID
    organisation_id: UUID
    mail_service_id: UUID
    address: str
    kind: AddressKind
    enabled: bool
    display_name: str
    attributes: dict[str, str]
    quota_bytes: int | None
    sub_addressing: bool
    catch_all: bool
    spam_filter: bool
    advertising_filter: bool
    version: int = Field(description="Also in `ETag`; give it back in `If-Match`.")
    created_at: datetime

    @classmethod
    def of(cls, address: MailAddress) -> Self:
        """Return how *address* is shown."""
        return cls(**{name: getattr(address, name) for name in cls.model_fields})

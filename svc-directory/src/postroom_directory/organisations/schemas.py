"""What travels over HTTP about organisations."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema
from typing_extensions import override

from postroom_directory.fields import Input, Language, Line, ShortLine, TimeZone
from postroom_directory.organisations.domain import Organisation, OrganisationDetails, OrganisationState
from postroom_directory.patching import Patch, no_default
from postroom_shared.http.pages import PageQuery
from postroom_shared.values import Address

AddressLines = Annotated[list[Line], Field(max_length=8, description="Postal address, one line each.")]


class OrganisationCreate(Input):
    """A new organisation."""

    name: Line
    address_lines: AddressLines = Field(default_factory=list)
    language: Language
    time_zone: TimeZone
    contact_email: Address | None = None
    registration_number: ShortLine | None = None

    def details(self) -> OrganisationDetails:
        """Return what was asked for."""
        return OrganisationDetails(**self.model_dump() | {"address_lines": tuple(self.address_lines)})


class OrganisationChange(Patch):
    """What changes; fields left out stay as they are."""

    never_null: ClassVar[frozenset[str]] = frozenset({"name", "address_lines", "language", "time_zone"})

    name: Line | SkipJsonSchema[None] = Field(None, json_schema_extra=no_default)
    address_lines: AddressLines | SkipJsonSchema[None] = Field(None, json_schema_extra=no_default)
    language: Language | SkipJsonSchema[None] = Field(None, json_schema_extra=no_default)
    time_zone: TimeZone | SkipJsonSchema[None] = Field(None, json_schema_extra=no_default)
    contact_email: Address | None = Field(None, json_schema_extra=no_default)
    registration_number: ShortLine | None = Field(None, json_schema_extra=no_default)

    @override
    def changes(self) -> dict[str, Any]:
        """Return the fields that were given, as the domain holds them."""
        changes = super().changes()
        if self.address_lines is not None:
            changes["address_lines"] = tuple(self.address_lines)
        return changes


class OrganisationQuery(PageQuery):
    """Filters of the list."""

    state: list[OrganisationState] = Field(default_factory=list, max_length=3, description="Only these states.")
    text: Annotated[
        str | None, Field(min_length=1, max_length=100, pattern=r"^[^\x00]+$", description="Part of name or number.")
    ] = None


class OrganisationRead(BaseModel):
    """An organisation."""

    id: UUID
    name: str
    address_lines: list[str]
    language: str
    time_zone: str
    contact_email: str | None
    registration_number: str | None
    state: OrganisationState
    version: int = Field(description="Also in `ETag`; give it back in `If-Match`.")
    created_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, organisation: Organisation) -> Self:
        """Return how *organisation* is shown."""
        details = organisation.details
        return cls(
            id=organisation.id,
            name=details.name,
            address_lines=list(details.address_lines),
            language=details.language,
            time_zone=details.time_zone,
            contact_email=details.contact_email,
            registration_number=details.registration_number,
            state=organisation.state,
            version=organisation.version,
            created_at=organisation.created_at,
            changed_at=organisation.changed_at,
        )

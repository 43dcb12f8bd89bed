"""What travels over HTTP about people."""

from datetime import datetime
from typing import Annotated, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, Field, SecretStr, StrictBool
from pydantic.json_schema import SkipJsonSchema

from postroom_directory.fields import Input, Language, Line
from postroom_directory.memberships.schemas import MembershipRead
from postroom_directory.patching import Patch, no_default
from postroom_directory.people.domain import LONGEST_PASSWORD, SHORTEST_PASSWORD, PasswordLink, Person
from postroom_shared.http.pages import PageQuery
from postroom_shared.principal import Role
from postroom_shared.values import Address

NewPassword = Annotated[SecretStr, Field(min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD)]
PresentPassword = Annotated[SecretStr, Field(min_length=1, max_length=LONGEST_PASSWORD)]


class PersonInvite(Input):
    """Who is invited, and as what."""

    email: Address = Field(description="The sign-in; one person has it in the whole suite.")
    display_name: Line
    language: Language
    role: Role | None = Field(None, description="In the organisation. An operator may leave it out with it.")
    organisation_id: UUID | None = Field(None, description="The acting organisation when left out.")


class PersonChange(Patch):
    """What changes; fields left out stay as they are."""

    never_null: ClassVar[frozenset[str]] = frozenset({"display_name", "language", "enabled", "operator"})

    display_name: Line | SkipJsonSchema[None] = Field(None, json_schema_extra=no_default)
    language: Language | SkipJsonSchema[None] = Field(None, json_schema_extra=no_default)
    enabled: StrictBool | SkipJsonSchema[None] = Field(
        None, json_schema_extra=no_default, description="A disabled person cannot sign in; their sessions end."
    )
    operator: StrictBool | SkipJsonSchema[None] = Field(
        None, json_schema_extra=no_default, description="Whether they run the installation; operators change this."
    )


class PersonQuery(PageQuery):
    """Filters of the list."""

    email: Address | None = None
    enabled: bool | None = None
    operator: bool | None = None


class PasswordChange(Input):
    """A new password, and the present one as proof."""

    present_password: PresentPassword
    new_password: NewPassword


class PasswordByLink(Input):
    """A new password, and the token of a one-time link as proof."""

    token: Annotated[SecretStr, Field(min_length=1, max_length=128)]
    new_password: NewPassword


class PersonRead(BaseModel):
    """A person."""

    id: UUID
    email: Address
    display_name: str
    language: str
    enabled: bool
    operator: bool
    has_password: bool = Field(description="Whether they ever set one.")
    version: int = Field(description="Also in `ETag`; give it back in `If-Match`.")
    created_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, person: Person) -> Self:
        """Return how *person* is shown."""
        return cls(
            id=person.id,
            email=person.email,
            display_name=person.display_name,
            language=person.language,
            enabled=person.enabled,
            operator=person.operator,
            has_password=person.password_hash is not None,
            version=person.version,
            created_at=person.created_at,
            changed_at=person.changed_at,
        )


class PasswordLinkRead(BaseModel):
    """A one-time link for setting a password; shown once."""

    url: str = Field(description="Give it to the person over a channel you trust.")
    token: str
    expires_at: datetime

    @classmethod
    def of(cls, link: PasswordLink, *, public_url: str) -> Self:
        """Return how *link* is shown; the token is in the fragment, which browsers send to nobody."""
        url = f"{public_url.rstrip('/')}/set-password#{link.token}"
        return cls(url=url, token=link.token, expires_at=link.expires_at)


class InvitationRead(BaseModel):
    """What came of an invitation."""

    person_id: UUID
    membership: MembershipRead | None
    password_link: PasswordLinkRead | None = Field(
        description="For a new account. Null when the person has one already and accepts the invitation with it."
    )

"""What travels over HTTP about application passwords."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from postroom_directory.application_passwords.domain import ApplicationPassword, Protocol
from postroom_directory.fields import Input, Line

Protocols = Annotated[frozenset[Protocol], Field(min_length=1, description="What it opens.")]


class ApplicationPasswordCreate(Input):
    """A secret for one device or program."""

    name: Annotated[Line, Field(description="What the person calls the device.", examples=["Anna's phone"])]
    protocols: Protocols = frozenset(Protocol)
    expires_at: Annotated[AwareDatetime | None, Field(description="Null: it ends when it is taken away.")] = None


class ApplicationPasswordRead(BaseModel):
    """An application password, without the secret."""

    id: UUID
    address_id: UUID
    name: str
    protocols: list[Protocol]
    expires_at: AwareDatetime | None
    version: int = Field(description="Also in `ETag`; give it back in `If-Match`.")
    created_at: AwareDatetime

    @classmethod
    def of(cls, found: ApplicationPassword) -> Self:
        """Return how *found* is shown."""
        values = {name: getattr(found, name) for name in ApplicationPasswordRead.model_fields}
        return cls(**values | {"protocols": sorted(found.protocols)})


class ApplicationPasswordCreated(ApplicationPasswordRead):
    """An application password with its secret, this once."""

    password: str = Field(description="Shown in this answer only.")

    @classmethod
    def with_secret(cls, made: ApplicationPassword, password: str) -> Self:
        """Return *made* together with what the user types."""
        return cls(**ApplicationPasswordRead.of(made).model_dump(), password=password)

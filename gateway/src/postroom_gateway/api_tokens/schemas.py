"""What travels about API tokens over HTTP."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from postroom_gateway.api_tokens.domain import ApiToken
from postroom_shared.principal import Scope

_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})")


def _written_moment(value: Any) -> Any:
    if value is None or isinstance(value, datetime) or (isinstance(value, str) and _RFC3339.fullmatch(value)):
        return value
    raise ValueError("a moment is written 2027-06-30T00:00:00Z (RFC 3339)")


Moment = Annotated[AwareDatetime, BeforeValidator(_written_moment)]
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")
]


class ApiTokenCreate(BaseModel):
    """A token to be made."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"name": "Nightly copy", "scopes": ["imports.manage"], "expires_at": "2027-06-30T00:00:00Z"},
            ]
        },
    )

    name: Name = Field(description="So that you recognise it in the list.")
    scopes: list[Scope] = Field(
        min_length=1, max_length=len(Scope), description="What it may be used for; nothing else, whatever your role."
    )
    expires_at: Moment | None = Field(None, description="When it stops working; null: never by itself.")


class ApiTokenView(BaseModel):
    """A token, without its secret."""

    id: UUID
    organisation_id: UUID = Field(description="The only organisation it acts in.")
    name: str
    last_characters: str = Field(description="Of the token, to tell which it is.")
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    last_used_on: date | None = Field(description="The day (UTC) of the last use.")

    @classmethod
    def of(cls, token: ApiToken) -> Self:
        """Return what its owner sees of *token*."""
        return cls(
            id=token.id,
            organisation_id=token.organisation_id,
            name=token.name,
            last_characters=token.last_characters,
            scopes=[Scope(each) for each in token.scopes],
            created_at=token.created_at,
            expires_at=token.expires_at,
            last_used_on=token.last_used_on,
        )


class ApiTokenCreated(BaseModel):
    """A new token with its secret, this once."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "token": {
                        "id": "019a2b6e-7c1d-7b3e-9a55-2f3c1d7e8a90",
                        "organisation_id": "019a2b6d-1111-7b3e-9a55-2f3c1d7e8a90",
                        "name": "Nightly copy",
                        "last_characters": "1xYz",
                        "scopes": ["imports.manage"],
                        "created_at": "2026-11-25T10:00:00Z",
                        "expires_at": "2027-06-30T00:00:00Z",
                        "last_used_on": None,
                    },
                    "secret": "postroom_EXAMPLE",
                }
            ]
        }
    )

    token: ApiTokenView
    secret: str = Field(description="Send it as `Authorization: Bearer …`. It is shown only in this answer.")

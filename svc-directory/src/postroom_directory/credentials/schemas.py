"""What travels over HTTP about passwords of addresses."""

import re
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, SecretStr

from postroom_directory.application_passwords.domain import Protocol
from postroom_directory.credentials.domain import LONGEST, SHORTEST
from postroom_directory.fields import Input

_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"


def _without_controls(password: SecretStr) -> SecretStr:
    if not re.fullmatch(_NO_CONTROLS, password.get_secret_value()):
        raise ValueError("a password has no control characters: no client could send them")
    return password


class PasswordTest(Input):
    """A password to try."""

    password: Annotated[SecretStr, Field(min_length=1, max_length=1024)]


class PasswordTested(BaseModel):
    """Whether it is the one."""

    matches: bool


class AddressPasswordChange(Input):
    """The new password of the address."""

    password: Annotated[
        SecretStr,
        Field(
            max_length=LONGEST,
            description=f"At least {SHORTEST} characters; no common word, nothing made of the address.",
            json_schema_extra={"pattern": _NO_CONTROLS},
        ),
        AfterValidator(_without_controls),
    ]


class ApplicationPasswordHash(BaseModel):
    """One application password as a guard checks it."""

    id: UUID
    lookup_id: str = Field(description="The first characters of what the user types.")
    password: str = Field(description="Scheme and hash of the whole.")
    protocols: list[Protocol]
    expires_at: datetime | None


class CredentialsRead(BaseModel):
    """All that opens one address, as hashes, for svc-smtp-guard."""

    address_id: UUID
    organisation_id: UUID
    address: str
    enabled: bool
    version: int
    credential_version: int
    password: str | None = Field(description="Scheme and hash; null when there is none.")
    application_passwords: list[ApplicationPasswordHash]

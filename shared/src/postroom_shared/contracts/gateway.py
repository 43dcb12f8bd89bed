"""Events of the gateway: sessions and API tokens."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from postroom_shared.events.payload import EventPayload


class SessionEnd(StrEnum):
    """Why a session is over."""

    SIGNED_OUT = "signed_out"
    EXPIRED = "expired"
    REVOKED = "revoked"


class SessionStartedV1(EventPayload):
    """A person signed in."""

    event_type: ClassVar[str] = "postroom.gateway.session.started.v1"
    about: ClassVar[str] = "session"

    session_id: UUID
    person_id: UUID
    expires_at: datetime


class SessionEndedV1(EventPayload):
    """A session is over; nothing signed for it is accepted any more."""

    event_type: ClassVar[str] = "postroom.gateway.session.ended.v1"
    about: ClassVar[str] = "session"

    session_id: UUID
    person_id: UUID
    reason: SessionEnd


class ApiTokenCreatedV1(EventPayload):
    """A person made an API token."""

    event_type: ClassVar[str] = "postroom.gateway.api_token.created.v1"
    about: ClassVar[str] = "API token"

    token_id: UUID
    person_id: UUID
    scopes: tuple[str, ...]
    expires_at: datetime | None = Field(description="Null when it does not expire by itself.")


class ApiTokenRevokedV1(EventPayload):
    """An API token is no longer accepted."""

    event_type: ClassVar[str] = "postroom.gateway.api_token.revoked.v1"
    about: ClassVar[str] = "API token"

    token_id: UUID
    person_id: UUID

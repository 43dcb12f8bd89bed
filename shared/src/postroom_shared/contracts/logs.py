"""Events of svc-logs: who looked into which address's logs. They name no address and no content."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from postroom_shared.events.payload import EventPayload


class LogsSearchPerformedV1(EventPayload):
    """Somebody searched, counted or exported the log of an address; following pages are part of the first."""

    event_type: ClassVar[str] = "postroom.logs.search.performed.v1"
    about: ClassVar[str] = "address"

    address_id: UUID
    person_id: UUID = Field(description="Who looked.")
    direction: Literal["sent", "received"]
    since: datetime
    until: datetime
    kind: Literal["list", "counts", "export"]

"""What travels over HTTP about mail services."""

from datetime import datetime
from typing import Annotated, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema

from postroom_directory.fields import WHOLE, Input, Language, Line, TimeZone
from postroom_directory.mail_services.domain import FREE_PLAN, FREE_RETENTION_DAYS, MailService
from postroom_directory.patching import Patch, no_default
from postroom_shared.http.pages import PageQuery
from postroom_shared.principal import AddressRight
from postroom_shared.values import Domain

Plan = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$", examples=["free"])]
RetentionDays = Annotated[int, Field(strict=True, ge=1, le=3660, description="Days that logs reach back."), WHOLE]
Rights = Annotated[frozenset[AddressRight], Field(description="What a grant gives when it names no rights.")]

DEFAULT_RIGHTS = frozenset(
    {
        AddressRight.LOGS_READ,
        AddressRight.RESPONDER_MANAGE,
        AddressRight.RULES_MANAGE,
        AddressRight.SIGNATURES_MANAGE,
        AddressRight.FILTERS_MANAGE,
        AddressRight.FOLDERS_MANAGE,
        AddressRight.PASSWORD_CHANGE,
        AddressRight.DEVICES_MANAGE,
    }
)


class MailServiceCreate(Input):
    """A mail service with its first domain."""

    organisation_id: UUID
    mail_server_id: UUID
    name: Line
    primary_domain: Domain
    plan: Plan = FREE_PLAN
    log_retention_days: RetentionDays = FREE_RETENTION_DAYS
    language: Language
    time_zone: TimeZone
    default_rights: Rights = DEFAULT_RIGHTS


class MailServiceChange(Patch):
    """What its managers decide; members that are left out stay."""

    never_null: ClassVar[frozenset[str]] = frozenset({"name", "language", "time_zone", "default_rights"})

    name: Line | SkipJsonSchema[None] = Field(None, json_schema_extra=no_default)
    language: Language | SkipJsonSchema[None] = Field(None, json_schema_extra=no_default)
    time_zone: TimeZone | SkipJsonSchema[None] = Field(None, json_schema_extra=no_default)
    default_rights: Rights | SkipJsonSchema[None] = Field(None, json_schema_extra=no_default)


class PlanSet(Input):
    """Another plan; only the operator changes it."""

    plan: Plan
    log_retention_days: RetentionDays


class MailServiceQuery(PageQuery):
    """Filters of the list."""

    organisation_id: Annotated[UUID | None, Field(description="Only this organisation's.")] = None


class MailServiceRead(BaseModel):
    """A mail service."""

    id: UUID
    organisation_id: UUID
    mail_server_id: UUID
    name: str
    primary_domain: str | None = Field(description="Null when its last domain was taken away.")
    plan: str
    log_retention_days: int
    logs_since: datetime = Field(description="Logs begin here, however far back the plan reaches.")
    language: str
    time_zone: str
    default_rights: list[AddressRight]
    version: int = Field(description="Also in `ETag`; give it back in `If-Match`.")
    created_at: datetime

    @classmethod
    def of(cls, service: MailService) -> Self:
        """Return how *service* is shown."""
        values = {name: getattr(service, name) for name in cls.model_fields}
        return cls(**values | {"default_rights": sorted(service.default_rights)})

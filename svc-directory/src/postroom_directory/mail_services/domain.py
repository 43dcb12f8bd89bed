"""The rules of mail services; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from postroom_shared.principal import AddressRight
from postroom_shared.values import Domain

FREE_PLAN = "free"
FREE_RETENTION_DAYS = 20
"""How far back logs are free (docs/promises.md#logs-20-days)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MailService:
    """One or more domains of an organisation on one mail server.

    Attributes:
        logs_since: Nothing from before this moment can be asked for, however long the plan reaches back.
        default_rights: What a person gets when an address of this service is granted to them without further words.
    """

    id: UUID
    organisation_id: UUID
    mail_server_id: UUID
    name: str
    primary_domain: Domain | None
    plan: str
    log_retention_days: int
    logs_since: datetime
    language: str
    time_zone: str
    default_rights: frozenset[AddressRight]
    version: int
    created_at: datetime

    def with_plan(self, plan: str, *, log_retention_days: int, now: datetime) -> "MailService":
        """Return its next version under another plan.

        A longer retention cannot bring back what the shorter one has let go: it counts from what is kept now.

        Source: docs/promises.md#logs-20-days
        """
        since = self.logs_since
        if log_retention_days > self.log_retention_days:
            since = max(since, now - timedelta(days=self.log_retention_days))
        return replace(
            self, plan=plan, log_retention_days=log_retention_days, logs_since=since, version=self.version + 1
        )

    def with_changes(self, changes: Mapping[str, Any]) -> "MailService":
        """Return its next version with other names or defaults."""
        return replace(self, **changes, version=self.version + 1)

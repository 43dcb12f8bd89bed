"""Everything of svc-logs put together."""

from collections.abc import Sequence

from postroom_logs.deliveries.router import router
from postroom_logs.housekeeping import keeping_days
from postroom_logs.ingestion.command import COLLECT
from postroom_logs.manifest import MANIFEST
from postroom_logs.settings import LogsSettings
from postroom_shared.background import Task
from postroom_shared.service import Runtime, ServiceDefinition


def _serve_tasks(runtime: Runtime[LogsSettings]) -> Sequence[Task]:
    return [keeping_days(runtime)]


SERVICE = ServiceDefinition(
    manifest=MANIFEST,
    settings_type=LogsSettings,
    title="Postroom: what became of a mail",
    routers=[router],
    serve_tasks=_serve_tasks,
    commands=[COLLECT],
    tags={"logs": "What became of each mail that an address sent or received."},
)

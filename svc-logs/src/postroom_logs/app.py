"""Everything of svc-logs put together."""

from postroom_logs.ingestion.command import COLLECT
from postroom_logs.manifest import MANIFEST
from postroom_logs.settings import LogsSettings
from postroom_shared.service import ServiceDefinition

SERVICE = ServiceDefinition(
    manifest=MANIFEST,
    settings_type=LogsSettings,
    title="Postroom: what became of a mail",
    routers=[],
    commands=[COLLECT],
)

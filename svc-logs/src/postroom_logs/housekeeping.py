"""Days made ready ahead, old days dropped."""

from datetime import UTC, datetime

import structlog

from postroom_logs.ingestion.partitions import drop_days, oldest_kept, prepare_days
from postroom_logs.settings import LogsSettings
from postroom_shared.background import Task, pause
from postroom_shared.service import Runtime

log = structlog.get_logger()


def keeping_days(runtime: Runtime[LogsSettings]) -> Task:
    """The task that keeps the partitions of `delivery` in order."""
    settings = runtime.settings

    async def keep() -> None:
        while not runtime.stopping.is_set():
            await prepare_days(runtime.sessions, today=datetime.now(UTC).date())
            before = oldest_kept(retention_days=settings.retention_days)
            dropped = await drop_days(runtime.engine, runtime.sessions, before=before)
            if dropped:
                log.info("logs.days_dropped", days=len(dropped))
            await pause(runtime.stopping, settings.housekeeping_s)

    return "days", keep

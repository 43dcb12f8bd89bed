"""Everything of svc-import put together."""

from collections.abc import Sequence

from postroom_import.copies.events import queueing_consumer
from postroom_import.copies.router import router
from postroom_import.manifest import MANIFEST
from postroom_import.notices.service import NoticeSender
from postroom_import.resources import import_resources
from postroom_import.settings import ImportSettings
from postroom_import.working.worker import Worker
from postroom_shared.background import Task
from postroom_shared.events.consumer import Consumer
from postroom_shared.service import Runtime, ServiceDefinition


def _consumers(runtime: Runtime[ImportSettings]) -> Sequence[Consumer]:
    return [queueing_consumer(runtime.nats, MANIFEST, replicas=runtime.settings.stream_replicas)]


def _work_tasks(runtime: Runtime[ImportSettings]) -> Sequence[Task]:
    worker = Worker(runtime)
    return [("worker", worker.run), ("work queue", worker.listen), ("notices", NoticeSender(runtime).run)]


SERVICE = ServiceDefinition(
    manifest=MANIFEST,
    settings_type=ImportSettings,
    title="Postroom: copies of mailboxes",
    tags={"imports": "Copies of a whole mailbox into one of ours, with their progress."},
    routers=[router],
    consumers=_consumers,
    work_tasks=_work_tasks,
    resources=import_resources,
)

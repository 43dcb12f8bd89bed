"""What svc-import publishes of copies, and what it makes of its own events."""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from postroom_import.copies.domain import CopyJob
from postroom_shared.contracts.imports import (
    ImportJobCancelledV1,
    ImportJobCompletedV1,
    ImportJobFailedV1,
    ImportJobPausedV1,
    ImportJobRequestedV1,
    ImportJobResumedV1,
    ImportJobStartedV1,
)
from postroom_shared.events.cloudevents import Event
from postroom_shared.events.consumer import Consumer
from postroom_shared.events.nats_connection import NatsConnection
from postroom_shared.events.outbox import publish
from postroom_shared.events.payload import EventPayload
from postroom_shared.events.streams import ensure_work_queue
from postroom_shared.manifest import ServiceManifest


async def _publish(session: AsyncSession, job: CopyJob, payload: EventPayload) -> None:
    await publish(session, payload, organisation_id=job.organisation_id, subject_id=job.id)


async def publish_requested(session: AsyncSession, job: CopyJob) -> None:
    """Tell that *job* was asked for."""
    payload = ImportJobRequestedV1(
        job_id=job.id,
        target_address_id=job.target.address_id,
        requested_by=job.requested_by,
        sources=len(job.sources),
    )
    await _publish(session, job, payload)


async def publish_started(session: AsyncSession, job: CopyJob) -> None:
    """Tell that a worker began *job*, or began it again."""
    await _publish(session, job, ImportJobStartedV1(job_id=job.id, target_address_id=job.target.address_id))


async def publish_paused(session: AsyncSession, job: CopyJob) -> None:
    """Tell that *job* rests."""
    await _publish(session, job, ImportJobPausedV1(job_id=job.id, target_address_id=job.target.address_id))


async def publish_resumed(session: AsyncSession, job: CopyJob) -> None:
    """Tell that *job* may go on."""
    await _publish(session, job, ImportJobResumedV1(job_id=job.id, target_address_id=job.target.address_id))


async def publish_cancelled(session: AsyncSession, job: CopyJob) -> None:
    """Tell that *job* was cancelled."""
    payload = ImportJobCancelledV1(job_id=job.id, target_address_id=job.target.address_id, copied=job.progress.copied)
    await _publish(session, job, payload)


async def publish_failed(session: AsyncSession, job: CopyJob, *, problem: str) -> None:
    """Tell that *job* stopped for good."""
    payload = ImportJobFailedV1(
        job_id=job.id, target_address_id=job.target.address_id, problem=problem, copied=job.progress.copied
    )
    await _publish(session, job, payload)


async def publish_completed(session: AsyncSession, job: CopyJob, *, duration_s: float) -> None:
    """Tell that *job* came to its end."""
    progress = job.progress
    payload = ImportJobCompletedV1(
        job_id=job.id,
        target_address_id=job.target.address_id,
        copied=progress.copied,
        already_there=progress.already_there,
        failed=progress.failed,
        bytes=progress.copied_bytes,
        folders=progress.folders_total,
        duration_s=duration_s,
    )
    await _publish(session, job, payload)


def work_subject(manifest: ServiceManifest) -> str:
    """Return the subject of the work queue's messages."""
    return f"postroom-work.{manifest.name}.job"


def queueing_consumer(nats: NatsConnection, manifest: ServiceManifest, *, replicas: int) -> Consumer:
    """Return the reader of our own events that puts copies into the work queue.

    The event was committed with the job, so that the message cannot be lost; the job itself says what is to be done.
    """

    async def enqueue(_session: AsyncSession, event: Event[Any]) -> None:
        await ensure_work_queue(nats.jetstream, manifest, replicas=replicas)
        await nats.jetstream.publish(
            work_subject(manifest), str(event.data.job_id).encode(), headers={"Nats-Msg-Id": str(event.id)}
        )

    handler: Callable[[AsyncSession, Event[Any]], Awaitable[None]] = enqueue
    return Consumer(
        service=manifest.name,
        stream=manifest.stream,
        name="events",
        handlers={ImportJobRequestedV1: handler, ImportJobResumedV1: handler},
    )

"""Events of svc-import: what became of the copies of mailboxes. They name no address and no content."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from postroom_shared.events.payload import EventPayload

Count = Annotated[int, Field(ge=0)]


class ImportJobRequestedV1(EventPayload):
    """Somebody asked for a copy; the passwords of its sources have been checked."""

    event_type: ClassVar[str] = "postroom.import.job.requested.v1"
    about: ClassVar[str] = "import job"

    job_id: UUID
    target_address_id: UUID
    requested_by: UUID = Field(description="The person who asked.")
    sources: Count = Field(description="Mailboxes that are copied from: one or two.")


class ImportJobStartedV1(EventPayload):
    """A worker began to copy. A job that was paused or interrupted starts more than once."""

    event_type: ClassVar[str] = "postroom.import.job.started.v1"
    about: ClassVar[str] = "import job"

    job_id: UUID
    target_address_id: UUID


class ImportJobPausedV1(EventPayload):
    """Somebody paused the copy; what was copied stays."""

    event_type: ClassVar[str] = "postroom.import.job.paused.v1"
    about: ClassVar[str] = "import job"

    job_id: UUID
    target_address_id: UUID


class ImportJobResumedV1(EventPayload):
    """A copy that was paused or had failed may go on; it starts when a worker is free."""

    event_type: ClassVar[str] = "postroom.import.job.resumed.v1"
    about: ClassVar[str] = "import job"

    job_id: UUID
    target_address_id: UUID


class ImportJobCompletedV1(EventPayload):
    """The copy came to its end; the counts are those of the whole job, over all its starts."""

    event_type: ClassVar[str] = "postroom.import.job.completed.v1"
    about: ClassVar[str] = "import job"

    job_id: UUID
    target_address_id: UUID
    copied: Count = Field(description="Messages written to the target.")
    already_there: Count = Field(description="Messages whose identical content the target folder held before.")
    failed: Count = Field(description="Messages that could not be copied; the job lists them.")
    bytes: Count = Field(description="Size of the copied messages, in octets.")
    folders: Count = Field(description="Folders visited.")
    duration_s: float = Field(ge=0, description="Seconds of work, pauses not counted.")


class ImportJobFailedV1(EventPayload):
    """The copy stopped for good before its end; what was copied stays."""

    event_type: ClassVar[str] = "postroom.import.job.failed.v1"
    about: ClassVar[str] = "import job"

    job_id: UUID
    target_address_id: UUID
    problem: str = Field(description="The slug of the problem, `import/source-unreachable`.")
    copied: Count = Field(description="Messages written to the target before.")


class ImportJobCancelledV1(EventPayload):
    """Somebody cancelled the copy; what was copied stays."""

    event_type: ClassVar[str] = "postroom.import.job.cancelled.v1"
    about: ClassVar[str] = "import job"

    job_id: UUID
    target_address_id: UUID
    copied: Count = Field(description="Messages written to the target before.")

"""What travels over HTTP."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from postroom_import.copies.domain import (
    CopyJob,
    Failure,
    FolderProgress,
    JobState,
    Progress,
    Source,
    SourceKind,
    Wish,
)
from postroom_import.copies.errors import FAILURES
from postroom_import.copying.domain import FolderState, Reason
from postroom_import.copying.planning import Choice
from postroom_import.imap_places import Tls
from postroom_shared.http.pages import PageQuery
from postroom_shared.values import Address

Password = Annotated[SecretStr, Field(min_length=1, max_length=1024)]
FolderName = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[^\x00\r\n]+$")]
FolderNames = Annotated[list[FolderName], Field(max_length=500)]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LocalSource(_Input):
    """Any address of this mail server, attached or not."""

    kind: Literal[SourceKind.LOCAL]
    address: Address = Field(description="The address whose mailbox is copied, or one of its aliases.")
    password: Password = Field(description="The address's own password, not that of a person's sign-in.")


class ExternalSource(_Input):
    """A mailbox of another provider (docs/promises.md#import-external)."""

    kind: Literal[SourceKind.EXTERNAL]
    host: Annotated[str, Field(min_length=1, max_length=255, examples=["imap.example.org"])]
    port: Annotated[int, Field(ge=1, le=65535)] = 993
    tls: Literal["implicit", "starttls"] = Field("implicit", description="How the connection is encrypted.")
    login: Annotated[str, Field(min_length=1, max_length=320, pattern=r"^[^\x00\r\n]+$")]
    password: Password


SourceInput = Annotated[LocalSource | ExternalSource, Field(discriminator="kind")]


class CopyOptions(_Input):
    """What is copied, and how."""

    match_special_folders: bool = Field(
        True, description="Let Sent, Drafts, Junk, Trash and Archive meet by purpose whatever they are called."
    )
    include: FolderNames = Field([], description="Source folders to copy, with their sub-folders; empty means all.")
    exclude: FolderNames = Field([], description="Source folders to leave out, with their sub-folders.")
    subscribe: bool = Field(True, description="Subscribe what is subscribed at the source.")

    def choice(self) -> Choice:
        """Return what the copy engine is told."""
        return Choice(self.match_special_folders, tuple(self.include), tuple(self.exclude), self.subscribe)


class NewCopy(_Input):
    """Ask for a copy, of two mailboxes if need be (docs/promises.md#import-second-source)."""

    source: SourceInput
    second_source: SourceInput | None = Field(None, description="Another mailbox to copy in the same run.")
    target_address_id: UUID = Field(description="An address attached to you in the acting organisation.")
    options: CopyOptions = CopyOptions()

    @property
    def sources(self) -> list[LocalSource | ExternalSource]:
        """The sources in the order in which they were given."""
        return [self.source, *([self.second_source] if self.second_source else [])]


class ResumeCopy(_Input):
    """Let a copy go on."""

    passwords: list[Password] | None = Field(
        None, max_length=2, description="One for each source in order, where they were erased meanwhile."
    )


class SourceRead(BaseModel):
    """A mailbox that is copied from; its password is never shown."""

    kind: SourceKind
    login: str
    host: str | None = Field(description="Null for an address of this mail server.")
    port: int | None = Field(description="Null for an address of this mail server.")
    tls: Tls | None = Field(description="Null for an address of this mail server.")

    @classmethod
    def of(cls, source: Source) -> Self:
        """Return what may be shown of *source*."""
        place = source.place if source.kind is SourceKind.EXTERNAL else None
        return cls(
            kind=source.kind,
            login=source.login,
            host=place.host if place else None,
            port=place.port if place else None,
            tls=place.tls if place else None,
        )


class TargetRead(BaseModel):
    """The mailbox that is copied to."""

    address_id: UUID
    address: Address


class WaitingRead(BaseModel):
    """A server is out of reach; the copy goes on by itself when it is back."""

    since: datetime
    retry_at: datetime | None


class ProblemRead(BaseModel):
    """Why a copy failed."""

    type: str = Field(examples=["urn:postroom:problem:import/target-full"])
    title: str

    @classmethod
    def of(cls, slug: str) -> Self:
        """Return the problem of that slug."""
        error = FAILURES[slug]
        return cls(type=error.type_uri(), title=error.title)


class ProgressRead(BaseModel):
    """How far a copy is; messages and octets of a folder are known when its turn comes."""

    model_config = ConfigDict(from_attributes=True)

    folders_total: int
    folders_done: int
    messages_total: int
    messages_done: int
    bytes_total: int
    bytes_done: int
    copied: int = Field(description="Messages written to the target.")
    copied_bytes: int
    already_there: int = Field(description="Messages whose identical content the target folder held.")
    failed: int = Field(description="Messages that could not be copied.")
    current_folder: str | None


class CopyRead(BaseModel):
    """A copy."""

    id: UUID
    state: JobState
    wish: Wish | None = Field(description="What was asked of a running copy and takes effect within seconds.")
    target: TargetRead
    sources: list[SourceRead]
    requested_by: UUID
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    waiting: WaitingRead | None
    problem: ProblemRead | None
    progress: ProgressRead

    @classmethod
    def of(cls, job: CopyJob) -> Self:
        """Return what is shown of *job*."""
        return cls(**_shown(job))


class FolderRead(BaseModel):
    """How far one folder is."""

    model_config = ConfigDict(from_attributes=True)

    source: int = Field(description="Which of the sources, from 0.")
    name: str
    target_name: str
    state: FolderState
    problem: str | None = Field(description="Why the folder is refused: `source_…` or `target_folder_refused`.")
    messages_total: int
    messages_done: int
    bytes_total: int
    bytes_done: int
    copied: int
    already_there: int
    failed: int


class FailureRead(BaseModel):
    """A message that could not be copied."""

    model_config = ConfigDict(from_attributes=True)

    folder: str
    uid: int = Field(description="At the source.")
    size_bytes: int
    reason: Reason
    reason_text: str | None = Field(description="The mail server's own words.")


class CopyDetail(CopyRead):
    """A copy with its folders and the first hundred failures."""

    folders: list[FolderRead]
    failures: list[FailureRead]

    @classmethod
    def with_folders(cls, job: CopyJob, folders: list[FolderProgress], failures: list[Failure]) -> Self:
        """Return all that is shown of *job*."""
        places = {source.id: place for place, source in enumerate(job.sources)}
        return cls(
            **_shown(job),
            folders=[_folder(each, places[each.source_id]) for each in folders],
            failures=[FailureRead.model_validate(each) for each in failures],
        )


def _shown(job: CopyJob) -> dict[str, object]:
    waiting = WaitingRead(since=job.waiting_since, retry_at=job.retry_at) if job.waiting_since else None
    return {
        "id": job.id,
        "state": job.state,
        "wish": job.wish,
        "target": TargetRead(address_id=job.target.address_id, address=job.target.address),
        "sources": [SourceRead.of(source) for source in job.sources],
        "requested_by": job.requested_by,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "waiting": waiting,
        "problem": ProblemRead.of(job.problem) if job.problem else None,
        "progress": _progress(job.progress),
    }


def _progress(progress: Progress) -> ProgressRead:
    return ProgressRead.model_validate(progress)


def _folder(folder: FolderProgress, source: int) -> FolderRead:
    values = {name: getattr(folder, name) for name in FolderRead.model_fields if name != "source"}
    return FolderRead(source=source, **values)


class CopyList(PageQuery):
    """Filters of the list."""

    state: list[JobState] = Field([], description="Only copies in these states.")

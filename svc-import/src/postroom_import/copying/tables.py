"""The journal of copies: folders, batches that were sent or are about to be, and what became of each message."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, SmallInteger, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from postroom_import.database import Base


class ImportFolderRow(Base):
    """One folder of one source, where it goes and how far it is."""

    __tablename__ = "import_folder"
    __table_args__ = (UniqueConstraint("source_id", "source_wire"), Index(None, "job_id", "position"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    job_id: Mapped[UUID] = mapped_column(ForeignKey("import_job.id", ondelete="CASCADE"))
    source_id: Mapped[UUID] = mapped_column(ForeignKey("import_source.id", ondelete="CASCADE"))
    position: Mapped[int]
    source_name: Mapped[str]
    source_wire: Mapped[bytes] = mapped_column(LargeBinary)
    target_name: Mapped[str]
    target_wire: Mapped[bytes] = mapped_column(LargeBinary)
    special_use: Mapped[str | None]
    subscribe: Mapped[bool]
    state: Mapped[str]
    problem: Mapped[str | None]
    uidvalidity: Mapped[int | None] = mapped_column(BigInteger)
    messages_total: Mapped[int]
    messages_done: Mapped[int] = mapped_column(server_default=text("0"))
    bytes_total: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    bytes_done: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    copied: Mapped[int] = mapped_column(server_default=text("0"))
    copied_bytes: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    already_there: Mapped[int] = mapped_column(server_default=text("0"))
    failed: Mapped[int] = mapped_column(server_default=text("0"))


class ImportBatchRow(Base):
    """Messages that are sent to one folder of the target in one go: committed before, closed after."""

    __tablename__ = "import_batch"
    __table_args__ = (Index("ix_import_batch_open", "job_id", postgresql_where=text("is_open")),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    job_id: Mapped[UUID] = mapped_column(ForeignKey("import_job.id", ondelete="CASCADE"))
    folder_id: Mapped[UUID] = mapped_column(ForeignKey("import_folder.id", ondelete="CASCADE"))
    uidvalidity: Mapped[int] = mapped_column(BigInteger)
    uidnext_before: Mapped[int] = mapped_column(BigInteger)
    is_open: Mapped[bool]
    opened_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ImportItemRow(Base):
    """What became of one message of a source."""

    __tablename__ = "import_item"
    __table_args__ = (
        Index("ix_import_item_batch_id", "batch_id"),
        Index("ix_import_item_failed", "job_id", postgresql_where=text("outcome = 'failed'")),
    )

    folder_id: Mapped[UUID] = mapped_column(ForeignKey("import_folder.id", ondelete="CASCADE"), primary_key=True)
    source_uid: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    organisation_id: Mapped[UUID]
    job_id: Mapped[UUID]
    batch_id: Mapped[UUID | None]
    position: Mapped[int]
    outcome: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    target_uid: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str | None]
    reason_text: Mapped[str | None]

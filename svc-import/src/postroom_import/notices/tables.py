"""Confirmation mails that are to be sent, and were."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from postroom_import.database import Base


class ImportNoticeRow(Base):
    """One mail to one address; written in the commit that ends the copy."""

    __tablename__ = "import_notice"
    __table_args__ = (
        UniqueConstraint("job_id", "ended_at", "recipient"),
        Index("ix_import_notice_due", "due_at", postgresql_where=text("sent_at is null and due_at is not null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    job_id: Mapped[UUID] = mapped_column(ForeignKey("import_job.id", ondelete="CASCADE"))
    ended_at: Mapped[datetime]
    recipient: Mapped[str]
    language: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    due_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    sent_at: Mapped[datetime | None]
    refusal: Mapped[str | None]

"""How copies lie in the database."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Float, ForeignKey, Index, LargeBinary, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from postroom_import.database import Base


class ImportJobRow(Base):
    """A copy; the truth about what is to be done. A message in the work queue only says: look."""

    __tablename__ = "import_job"
    __table_args__ = (
        Index(None, "organisation_id", "created_at", "id"),
        Index("ix_import_job_active", "created_at", postgresql_where=text("state in ('queued', 'running')")),
        Index("ix_import_job_leased", "target_key", postgresql_where=text("lease_until is not null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    requested_by: Mapped[UUID]
    language: Mapped[str]
    target_address_id: Mapped[UUID]
    target_address: Mapped[str]
    target_mail_server_id: Mapped[UUID]
    target_key: Mapped[str]
    choice: Mapped[dict[str, Any]]
    state: Mapped[str]
    wish: Mapped[str | None]
    problem: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    touched_at: Mapped[datetime] = mapped_column(server_default=func.now())
    waiting_since: Mapped[datetime | None]
    retry_at: Mapped[datetime | None]
    lease_holder: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    working_s: Mapped[float] = mapped_column(Float, server_default=text("0"))

    sources: Mapped[list["ImportSourceRow"]] = relationship(order_by="ImportSourceRow.position", lazy="raise")


class ImportSourceRow(Base):
    """A mailbox that is copied from."""

    __tablename__ = "import_source"
    __table_args__ = (Index(None, "job_id", "position"), Index(None, "account_key"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    job_id: Mapped[UUID] = mapped_column(ForeignKey("import_job.id", ondelete="CASCADE"))
    position: Mapped[int]
    kind: Mapped[str]
    host: Mapped[str]
    port: Mapped[int]
    tls: Mapped[str]
    is_own: Mapped[bool]
    login: Mapped[str]
    address: Mapped[str | None]
    account_key: Mapped[str]
    sealed_password: Mapped[bytes | None] = mapped_column(LargeBinary)

"""How mail services lie in the database."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from postroom_directory.database import Base


class MailServiceRow(Base):
    """One mail service of an organisation. Entries of its logs before `logs_since` were never promised to anybody."""

    __tablename__ = "mail_service"
    __table_args__ = (
        CheckConstraint("log_retention_days > 0", name="log_retention_days"),
        Index(None, "organisation_id", "name", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    mail_server_id: Mapped[UUID] = mapped_column(ForeignKey("mail_server.id", ondelete="RESTRICT"), index=True)
    name: Mapped[str]
    plan: Mapped[str]
    log_retention_days: Mapped[int]
    logs_since: Mapped[datetime]
    language: Mapped[str]
    time_zone: Mapped[str]
    default_rights: Mapped[list[str]]
    version: Mapped[int]
    created_at: Mapped[datetime]

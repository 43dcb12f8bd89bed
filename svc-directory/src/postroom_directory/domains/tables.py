"""How domains lie in the database."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from postroom_directory.database import Base

MAIL_TEXT = Text(collation="C")
"""Addresses and domains: one order on every server, and ranges that an index can answer."""


class DomainRow(Base):
    """One domain, once in the whole suite. `everybody`, `@domain`, is what Postfix asks for when no name is found."""

    __tablename__ = "domain"
    __table_args__ = (
        CheckConstraint("alias_of_id is null or not is_primary", name="alias_is_not_primary"),
        Index("uq_domain_name", "name", unique=True),
        Index("uq_domain_everybody", "everybody", unique=True),
        Index("uq_domain_primary", "mail_service_id", unique=True, postgresql_where=text("is_primary")),
        Index(None, "mail_service_id", "name"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    mail_service_id: Mapped[UUID] = mapped_column(ForeignKey("mail_service.id", ondelete="RESTRICT"))
    name: Mapped[str] = mapped_column(MAIL_TEXT)
    alias_of_id: Mapped[UUID | None] = mapped_column(ForeignKey("domain.id", ondelete="RESTRICT"), index=True)
    is_primary: Mapped[bool]
    everybody: Mapped[str] = mapped_column(MAIL_TEXT, Computed("'@' || name", persisted=True))
    version: Mapped[int]
    created_at: Mapped[datetime]

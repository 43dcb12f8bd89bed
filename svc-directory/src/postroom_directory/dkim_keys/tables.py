"""How DKIM keys lie in the database."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from postroom_directory.database import Base
from postroom_directory.domains.tables import MAIL_TEXT


class DkimKeyRow(Base):
    """One key pair of a domain; `private_key` is sealed, `public_key` is the value of the tag `p=`."""

    __tablename__ = "dkim_key"
    __table_args__ = (
        CheckConstraint("state in ('prepared', 'active', 'retired')", name="state"),
        CheckConstraint("algorithm in ('rsa2048', 'ed25519')", name="algorithm"),
        Index("uq_dkim_key_domain_id_selector", "domain_id", "selector", unique=True),
        Index("uq_dkim_key_active", "domain_id", "algorithm", unique=True, postgresql_where=text("state = 'active'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    mail_service_id: Mapped[UUID] = mapped_column(ForeignKey("mail_service.id", ondelete="RESTRICT"), index=True)
    domain_id: Mapped[UUID] = mapped_column(ForeignKey("domain.id", ondelete="RESTRICT"))
    selector: Mapped[str] = mapped_column(MAIL_TEXT)
    algorithm: Mapped[str]
    public_key: Mapped[str]
    private_key: Mapped[bytes]
    state: Mapped[str]
    activated_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]
    version: Mapped[int]
    created_at: Mapped[datetime]

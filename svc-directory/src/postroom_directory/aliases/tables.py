"""How aliases lie in the database."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from postroom_directory.database import Base
from postroom_directory.domains.tables import MAIL_TEXT


class AliasRow(Base):
    """One further name of an address; it never changes."""

    __tablename__ = "alias"
    __table_args__ = (Index("uq_alias_alias", "alias", unique=True), Index(None, "address_id", "alias"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    address_id: Mapped[UUID] = mapped_column(ForeignKey("address.id", ondelete="CASCADE"))
    domain_id: Mapped[UUID] = mapped_column(ForeignKey("domain.id", ondelete="RESTRICT"), index=True)
    alias: Mapped[str] = mapped_column(MAIL_TEXT)
    version: Mapped[int]
    created_at: Mapped[datetime]

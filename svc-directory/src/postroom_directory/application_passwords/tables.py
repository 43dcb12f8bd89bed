"""How application passwords lie in the database."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from postroom_directory.database import Base


class ApplicationPasswordRow(Base):
    """One application password; `secret_hash` carries the mail server's scheme."""

    __tablename__ = "application_password"
    __table_args__ = (Index("uq_application_password_address_id_lookup_id", "address_id", "lookup_id", unique=True),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    address_id: Mapped[UUID] = mapped_column(ForeignKey("address.id", ondelete="CASCADE"))
    lookup_id: Mapped[str]
    name: Mapped[str]
    protocols: Mapped[list[str]]
    secret_hash: Mapped[str]
    expires_at: Mapped[datetime | None]
    version: Mapped[int]
    created_at: Mapped[datetime]

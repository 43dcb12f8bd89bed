"""How grants lie in the database."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from postroom_directory.database import Base


class GrantRow(Base):
    """What one person may do with one address; the row alone makes the address attached to the person."""

    __tablename__ = "address_grant"
    __table_args__ = (UniqueConstraint("address_id", "person_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"), index=True)
    address_id: Mapped[UUID] = mapped_column(ForeignKey("address.id", ondelete="CASCADE"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    rights: Mapped[list[str]]
    version: Mapped[int]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]

"""How organisations lie in the database."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from postroom_directory.database import Base


class OrganisationRow(Base):
    """One organisation; a deleted one keeps its row, so that its id is never given out again."""

    __tablename__ = "organisation"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    address_lines: Mapped[list[str]]
    language: Mapped[str]
    time_zone: Mapped[str]
    contact_email: Mapped[str | None]
    registration_number: Mapped[str | None]
    state: Mapped[str]
    version: Mapped[int]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]

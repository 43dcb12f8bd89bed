"""How passwords of addresses lie in the database."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from postroom_directory.database import Base


class CredentialRow(Base):
    """The password of one address as a PHC string, and how often wrong ones were tried of late."""

    __tablename__ = "credential"

    address_id: Mapped[UUID] = mapped_column(ForeignKey("address.id", ondelete="CASCADE"), primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    password_hash: Mapped[str | None]
    changed_at: Mapped[datetime | None]
    wrong_tests: Mapped[int]
    wrong_tests_since: Mapped[datetime | None]

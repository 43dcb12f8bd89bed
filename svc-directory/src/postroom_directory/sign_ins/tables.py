"""How penalties for wrong passwords lie in the database."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from postroom_directory.database import Base


class SignInPenaltyRow(Base):
    """Failures of one account or one client address, by the hash of its name."""

    __tablename__ = "sign_in_penalty"

    subject: Mapped[bytes] = mapped_column(primary_key=True)
    failures: Mapped[int]
    refused_until: Mapped[datetime]
    failed_at: Mapped[datetime] = mapped_column(index=True)

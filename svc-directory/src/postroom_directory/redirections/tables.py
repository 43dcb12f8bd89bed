"""How redirections lie in the database."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from postroom_directory.database import Base
from postroom_directory.domains.tables import MAIL_TEXT


class RedirectionRow(Base):
    """One redirection; of the token that confirms it only the hash is kept."""

    __tablename__ = "redirection"
    __table_args__ = (
        Index("uq_redirection_address_id_target", "address_id", "target", unique=True),
        Index("uq_redirection_token_hash", "token_hash", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    address_id: Mapped[UUID] = mapped_column(ForeignKey("address.id", ondelete="CASCADE"))
    target: Mapped[str] = mapped_column(MAIL_TEXT)
    keep_copy: Mapped[bool]
    token_hash: Mapped[bytes | None]
    token_expires_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    version: Mapped[int]
    created_at: Mapped[datetime]

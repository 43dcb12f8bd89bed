"""How mail servers lie in the database."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from postroom_directory.database import Base


class MailServerRow(Base):
    """One mail server; it belongs to the operator, not to an organisation. `master_secret` is sealed."""

    __tablename__ = "mail_server"
    __table_args__ = (CheckConstraint("(master_user is null) = (master_secret is null)", name="master_login"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    imap: Mapped[dict[str, Any]]
    managesieve: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    lmtp: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    smtp: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    tls_ca_pem: Mapped[str | None]
    master_user: Mapped[str | None]
    master_secret: Mapped[bytes | None]
    version: Mapped[int]
    created_at: Mapped[datetime]


Index("uq_mail_server_name", MailServerRow.name, unique=True)

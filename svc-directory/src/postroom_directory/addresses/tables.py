"""How addresses and their names lie in the database."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from postroom_directory.database import Base
from postroom_directory.domains.tables import MAIL_TEXT


class AddressRow(Base):
    """One address; its text never changes. `credential_version` grows with each change of any of its passwords."""

    __tablename__ = "address"
    __table_args__ = (
        CheckConstraint("kind in ('mailbox', 'forward_only', 'shared')", name="kind"),
        Index("uq_address_address", "address", unique=True),
        Index(None, "organisation_id", "address"),
        Index(None, "mail_service_id", "address"),
        Index("uq_address_catch_all", "domain_id", unique=True, postgresql_where=text("catch_all")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    mail_service_id: Mapped[UUID] = mapped_column(ForeignKey("mail_service.id", ondelete="RESTRICT"))
    domain_id: Mapped[UUID] = mapped_column(ForeignKey("domain.id", ondelete="RESTRICT"), index=True)
    address: Mapped[str] = mapped_column(MAIL_TEXT)
    kind: Mapped[str]
    enabled: Mapped[bool]
    display_name: Mapped[str]
    attributes: Mapped[dict[str, Any]]
    quota_bytes: Mapped[int | None] = mapped_column(BigInteger)
    sub_addressing: Mapped[bool]
    catch_all: Mapped[bool]
    spam_filter: Mapped[bool]
    advertising_filter: Mapped[bool]
    credential_version: Mapped[int]
    version: Mapped[int]
    created_at: Mapped[datetime]


class MailNameRow(Base):
    """One text that reaches an address, kept by triggers of `address`, `alias` and `domain`; only they write here."""

    __tablename__ = "mail_name"

    name: Mapped[str] = mapped_column(MAIL_TEXT, primary_key=True)
    organisation_id: Mapped[UUID]
    address_id: Mapped[UUID] = mapped_column(ForeignKey("address.id", ondelete="CASCADE"), index=True)
    alias_id: Mapped[UUID | None] = mapped_column(ForeignKey("alias.id", ondelete="CASCADE"), index=True)
    alias_domain_id: Mapped[UUID | None] = mapped_column(ForeignKey("domain.id", ondelete="CASCADE"), index=True)

"""How delegations lie in the database."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from postroom_directory.database import Base


class DelegationRow(Base):
    """`delegate_address_id` may send as, or on behalf of, `address_id`."""

    __tablename__ = "delegation"
    __table_args__ = (
        CheckConstraint("\"right\" in ('send_as', 'send_on_behalf')", name="right"),
        CheckConstraint("address_id <> delegate_address_id", name="two_addresses"),
        Index(
            "uq_delegation_address_id_delegate_address_id_right",
            "address_id",
            "delegate_address_id",
            "right",
            unique=True,
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    address_id: Mapped[UUID] = mapped_column(ForeignKey("address.id", ondelete="CASCADE"))
    delegate_address_id: Mapped[UUID] = mapped_column(ForeignKey("address.id", ondelete="CASCADE"), index=True)
    right: Mapped[str]
    version: Mapped[int]
    created_at: Mapped[datetime]

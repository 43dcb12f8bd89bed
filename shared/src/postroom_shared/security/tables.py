"""The tables behind sealed values and sealed files; every service has them in its own schema."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from postroom_shared.database import FloorBase


class DataKeyRow(FloorBase):
    """The key of one organisation, wrapped by the master key `kek_id`; without the row its sealed values are noise."""

    __tablename__ = "data_key"

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    kek_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index(None, "kek_id"),)


class BlobRow(FloorBase):
    """A sealed file; without the row its content is noise."""

    __tablename__ = "blob"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(index=True)
    purpose: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]

    __table_args__ = (Index(None, "expires_at"),)

"""How API tokens lie in the database. Their rows belong to people (`postroom_gateway.person_rows`)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from postroom_gateway.database import Base


class ApiTokenRow(Base):
    """One personal token, good for one organisation; only its SHA-256 is kept."""

    __tablename__ = "api_token"
    __table_args__ = (
        Index("ix_api_token_person_id", "person_id", "organisation_id", postgresql_where=text("revoked_at is null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID]
    organisation_id: Mapped[UUID]
    name: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    last_characters: Mapped[str]
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_on: Mapped[date | None] = mapped_column(Date)
    revoked_at: Mapped[datetime | None]

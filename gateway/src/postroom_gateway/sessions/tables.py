"""How sessions lie in the database. Their rows belong to people (`postroom_gateway.person_rows`)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from postroom_gateway.database import Base


class SessionRow(Base):
    """One sign-in; kept for a while after it ended, so that a late refresh token is still recognised."""

    __tablename__ = "session"
    __table_args__ = (
        Index("ix_session_person_id", "person_id", postgresql_where=text("ended_at is null")),
        Index("ix_session_ended_at", "ended_at", postgresql_where=text("ended_at is not null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID]
    organisation_id: Mapped[UUID | None]
    csrf_token: Mapped[str]
    credential_version: Mapped[int]
    client: Mapped[str]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]


class TokenPairRow(Base):
    """The hashes of an access token and of the refresh token that was made with it."""

    __tablename__ = "session_token_pair"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("session.id", ondelete="CASCADE"), index=True)
    access_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    refresh_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    issued_at: Mapped[datetime]
    access_expires_at: Mapped[datetime]
    first_used_at: Mapped[datetime | None]
    replaced_at: Mapped[datetime | None]

"""How people and their one-time password links lie in the database."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from postroom_directory.database import Base


class PersonRow(Base):
    """One person who can sign in; `email` is unique over the whole suite."""

    __tablename__ = "person"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    language: Mapped[str]
    enabled: Mapped[bool]
    operator: Mapped[bool]
    password_hash: Mapped[str | None]
    credential_version: Mapped[int]
    version: Mapped[int]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class PasswordLinkRow(Base):
    """One link that lets its holder set a person's password once; only the token's hash is kept."""

    __tablename__ = "password_link"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]

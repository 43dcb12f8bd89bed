"""What svc-directory is told beside the settings of every service."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from postroom_directory.manifest import MANIFEST
from postroom_shared.settings import ServiceSettings


class DirectorySettings(ServiceSettings):
    """Settings of svc-directory."""

    model_config = SettingsConfigDict(env_prefix=MANIFEST.env_prefix)

    password_threads: Annotated[int, Field(ge=1, le=32)] = 2
    """Passwords that are hashed at the same time; each needs 19 MiB while it lasts."""
    password_queue: Annotated[int, Field(ge=1, le=10_000)] = 64
    """Passwords that may wait for a thread; more are refused with 503."""
    password_link_hours: Annotated[int, Field(ge=1, le=24 * 14)] = 72
    """Hours a one-time link for setting a password is good for."""

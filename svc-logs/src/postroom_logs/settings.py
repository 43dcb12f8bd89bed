"""The settings of svc-logs."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from postroom_logs.manifest import MANIFEST
from postroom_shared.settings import ServiceSettings


class LogsSettings(ServiceSettings):
    """What svc-logs is told."""

    model_config = SettingsConfigDict(env_prefix=MANIFEST.env_prefix)

    batch_octets: Annotated[int, Field(ge=4096, le=16 * 1024 * 1024)] = 1024 * 1024
    """Octets of a log that are read and kept together, in one transaction."""
    poll_s: Annotated[float, Field(gt=0, le=60)] = 0.3
    """Seconds between two looks for new lines in a file that was read to its end."""
    retention_days: Annotated[int, Field(ge=1, le=3650)] = 400
    """Days that deliveries are kept at most; a mail service's plan says how far back people may look."""
    housekeeping_s: Annotated[float, Field(ge=1, le=86400)] = 3600
    """Seconds between two looks for days to make ready and days to drop."""

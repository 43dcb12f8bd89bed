"""The settings of svc-import."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from postroom_shared.settings import Port, ServiceSettings


class ImportSettings(ServiceSettings):
    """What svc-import is told."""

    model_config = SettingsConfigDict(env_prefix="POSTROOM_IMPORT_")

    source_ports: frozenset[Port] = frozenset({143, 993})
    """Ports of outside IMAP servers that people may name."""
    own_hosts: frozenset[str] = frozenset()
    """Names of this installation that people may not name as an outside server."""
    tls_ca_file: Path | None = None
    """Certificate authorities (PEM) to trust beside the system's, for mail servers of the operator's own."""
    jobs_at_once: Annotated[int, Field(ge=1, le=50)] = 4
    """Copies that one worker process carries out at the same time."""
    jobs_per_organisation: Annotated[int, Field(ge=1, le=50)] = 2
    """Copies of one organisation that all workers together carry out at the same time."""
    lease_s: Annotated[float, Field(ge=1, le=600)] = 30
    """Seconds after which another worker takes the job of one that fell silent."""
    heartbeat_s: Annotated[float, Field(gt=0, le=60)] = 1
    """Seconds between two signs of life of a worker, and until it notices a pause or a cancellation."""
    sweep_s: Annotated[float, Field(gt=0, le=600)] = 5
    """Seconds between two looks for jobs that no message told of."""
    batch_messages: Annotated[int, Field(ge=1, le=1000)] = 100
    """Most messages that are sent to the target together."""
    batch_octets: Annotated[int, Field(ge=1000, le=50_000_000)] = 4_000_000
    """Most octets that are sent together; a larger message goes alone and is never held in memory."""
    settle_delay_s: Annotated[float, Field(ge=0, le=60)] = 1.5
    """Seconds before looking for what an interrupted batch left at the target."""
    retry_in_place_s: Annotated[float, Field(ge=0, le=600)] = 60
    """Seconds for which a worker tries to reach a lost server again before it gives the job back to wait."""
    retry_later_s: Annotated[float, Field(gt=0, le=3600)] = 300
    """Seconds until a waiting job is tried again."""
    give_up_after: timedelta = timedelta(hours=12)
    """How long a server may be out of reach before the copy fails."""
    password_lifetime: timedelta = timedelta(hours=24)
    """How long the password of a source is kept while its copy does nothing, paused or waiting."""
    smtp_host: str = "127.0.0.1"
    """Where confirmation mails are handed in."""
    smtp_port: Port = 25
    """TCP port of `smtp_host`."""
    smtp_tls: Literal["none", "starttls", "implicit"] = "none"
    """How the connection to `smtp_host` is encrypted; `none` is for loopback."""
    smtp_login: str | None = None
    """Name to sign in with at `smtp_host`; none where it asks for none."""
    smtp_password: SecretStr | None = None
    """Password of `smtp_login`."""
    mail_from: str = "Postroom <postroom@localhost.localdomain>"
    """The From line of confirmation mails."""
    notice_retry_s: Annotated[float, Field(gt=0, le=3600)] = 60
    """Seconds until a confirmation mail that could not be handed in is tried again; grows with each failure."""

"""Settings of one process, read once from the environment and passed on. Importing this has no side effect."""

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url

_DEFAULT_SECRETS = frozenset({"", "postgres", "postroom", "password", "secret", "changeme", "changethis"})

Port = Annotated[int, Field(ge=1, le=65535)]


class ServiceSettings(BaseSettings):
    """What every service is told. Secrets have no default, so a start without them fails by name."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    environment: Literal["development", "production"] = "production"
    """`production` refuses well-known passwords; `development` is for one machine on loopback."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: Port
    """TCP port to listen on."""
    database_url: SecretStr
    """`postgresql://role:password@host:port/database`; the role owns the schema named after the service."""
    nats_url: str = "nats://127.0.0.1:4222"
    """NATS servers, separated by commas."""
    nats_seed: SecretStr | None = None
    """Seed of this service's nkey user; none only where NATS asks for none."""
    stream_replicas: Annotated[int, Field(ge=1, le=5)] = 1
    """Copies of each event stream; three in a NATS cluster."""
    identity_key: SecretStr
    """Private Ed25519 JWK with which this service signs its calls."""
    trusted_keys_file: Path
    """JSON object: service name -> JWK set of its public keys."""
    master_keys_file: Path
    """JSON object with the keys that wrap each organisation's data key: `{"current": id, "keys": {id: base64}}`."""
    blob_directory: Path | None = None
    """Folder of sealed files; none where the service keeps no files."""
    directory_url: str = "http://127.0.0.1:8126"
    """Where svc-directory answers internal questions."""
    public_url: str = "http://127.0.0.1:8125"
    """The gateway's address as people see it; links in mails start with it."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe line that is written."""
    log_format: Literal["json", "console"] = "json"
    """`console` is for people at a terminal."""
    shutdown_grace_s: Annotated[float, Field(gt=0, le=300)] = 20
    """Seconds a stop waits for requests and jobs in hand."""

    @model_validator(mode="after")
    def _refuse_default_secrets(self) -> Self:
        if self.environment == "production":
            password = make_url(self.database_url.get_secret_value()).password or ""
            if password in _DEFAULT_SECRETS:
                raise ValueError("database_url has no password or a well-known one; production does not start with it")
        return self

    @property
    def listens_on_loopback(self) -> bool:
        """Whether nobody but this machine can connect."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def settings_table(settings_type: type[ServiceSettings]) -> Iterator[str]:
    """Yield the lines of a Markdown table of all settings, for the service's README."""
    prefix = settings_type.model_config.get("env_prefix", "")
    yield "| variable | default | meaning |"
    yield "|---|---|---|"
    for name, field in settings_type.model_fields.items():
        default = "required" if field.is_required() else f"`{field.default}`" if field.default is not None else "none"
        yield f"| `{prefix}{name.upper()}` | {default} | {' '.join((field.description or '').split())} |"

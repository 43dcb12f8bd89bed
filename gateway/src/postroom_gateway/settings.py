"""What the gateway is told beside the settings of every service."""

from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from postroom_gateway.manifest import MANIFEST
from postroom_shared.settings import ServiceSettings

Seconds = Annotated[float, Field(gt=0, le=86_400)]
Rate = Annotated[float, Field(gt=0, le=100_000)]
Burst = Annotated[int, Field(ge=1, le=1_000_000)]


class GatewaySettings(ServiceSettings):
    """Settings of the gateway."""

    model_config = SettingsConfigDict(env_prefix=MANIFEST.env_prefix)

    upstreams: dict[str, str] = {}  # noqa: RUF012 - pydantic copies it
    """JSON object: service name -> URL; a service that is not named answers at 127.0.0.1, this port + its offset."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks (JSON list) of the proxies in front; only their `X-Forwarded-For` tells the client's address."""
    metrics_networks: tuple[IPv4Network | IPv6Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
    """Networks (JSON list) that may read `/metrics`, and that not through a proxy."""
    cors_origins: tuple[str, ...] = ()
    """Origins (JSON list) of front ends elsewhere, for requests with API tokens only; cookies are never let across."""

    max_url_octets: Annotated[int, Field(ge=256, le=65_536)] = 8192
    """Longest path and query; longer is 414."""
    max_header_octets: Annotated[int, Field(ge=1024, le=65_536)] = 32_768
    """All header fields of a request together; more is 431."""
    max_headers: Annotated[int, Field(ge=16, le=1000)] = 100
    """Header fields of a request; more is 431."""
    max_body_octets: Annotated[int, Field(ge=1024, le=1 << 40)] = 128 << 20
    """Largest body that is passed on; larger is 413. Services set their own, lower limits."""

    connect_timeout_s: Seconds = 3
    """Seconds for one attempt to connect to a service."""
    connect_patience_s: Annotated[float, Field(ge=0, le=60)] = 2
    """Seconds during which connecting is tried again, so that a service that restarts is not noticed."""
    answer_timeout_s: Seconds = 60
    """Seconds from the end of a request until a service begins its answer."""
    idle_timeout_s: Seconds = 90
    """Seconds without an octet, of a body in either direction, until a request is given up."""
    max_concurrent_requests: Annotated[int, Field(ge=1, le=100_000)] = 512
    """Requests one service answers at the same time, streams among them; more are refused with 503."""
    breaker_failures: Annotated[int, Field(ge=1, le=1000)] = 5
    """Failures in a row after which a service is left alone for a moment."""
    breaker_longest_pause_s: Seconds = 10
    """Longest time a service that keeps failing is left alone; the first is a second."""
    drain_delay_s: Annotated[float, Field(ge=0, le=60)] = 0
    """Seconds between `/readyz` saying 503 and the end of accepting, so that a load balancer notices."""

    rate_per_client: Rate = 100
    """Requests a second of one client address (IPv6: one /64) in the long run."""
    burst_per_client: Burst = 400
    """Requests one client address may send at once."""
    rate_per_person: Rate = 50
    """Requests a second of one person in the long run."""
    burst_per_person: Burst = 300
    """Requests one person may send at once."""
    rate_per_organisation: Rate = 200
    """Requests a second of one organisation in the long run."""
    burst_per_organisation: Burst = 1000
    """Requests one organisation may send at once."""
    sign_ins_per_client_burst: Burst = 60
    """Sign-ins one client address may try at once; one more every second."""
    sign_in_failures_burst: Burst = 10
    """Wrong passwords for one account from one client address; one more every minute, five times as many in all."""

    access_lifetime_s: Annotated[int, Field(ge=30, le=86_400)] = 600
    """Seconds a session cookie is good for before it is refreshed."""
    session_idle_s: Annotated[int, Field(ge=60, le=31_536_000)] = 3 * 86_400
    """Seconds without a request after which a session is over."""
    session_lifetime_s: Annotated[int, Field(ge=60, le=31_536_000)] = 30 * 86_400
    """Seconds after the sign-in at which a session is over in any case."""
    refresh_grace_s: Annotated[int, Field(ge=0, le=300)] = 30
    """Seconds a replaced refresh token is still taken, for tabs that refresh at the same moment."""
    max_sessions: Annotated[int, Field(ge=1, le=1000)] = 50
    """Sessions of one person; the one used longest ago ends when there are more."""
    max_api_tokens: Annotated[int, Field(ge=1, le=1000)] = 50
    """API tokens of one person in one organisation."""
    documents_refresh_s: Seconds = 30
    """Seconds between two looks at the services' OpenAPI documents."""

    @property
    def secure(self) -> bool:
        """Whether people reach the suite over TLS."""
        return self.public_url.startswith("https://")

    @model_validator(mode="after")
    def _refuse_plain_http(self) -> Self:
        parts = urlsplit(self.public_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("public_url is no http or https URL")
        if parts.scheme == "http" and not _is_loopback(parts.hostname):
            raise ValueError(
                "public_url is plain http on another host than this one: sign-ins would travel in the clear"
            )
        return self

    @model_validator(mode="after")
    def _refuse_any_origin(self) -> Self:
        for origin in self.cors_origins:
            parts = urlsplit(origin)
            if parts.scheme not in {"http", "https"} or f"{parts.scheme}://{parts.netloc}" != origin:
                raise ValueError(f"cors_origins: {origin!r} is no origin such as https://console.example.com")
        return self


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

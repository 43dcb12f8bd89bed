"""What one gateway process holds beside the resources of every service."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from postroom_gateway.border.draining import Draining
from postroom_gateway.documentation.documents import Documents, open_documents
from postroom_gateway.identification.changes import IdentityChanges
from postroom_gateway.identification.identities import Identities
from postroom_gateway.identification.internal_tokens import InternalTokens
from postroom_gateway.manifest import MANIFEST
from postroom_gateway.proxy.forwarding import OpenStreams
from postroom_gateway.proxy.routes import RouteTable, installed_services, upstream_urls
from postroom_gateway.proxy.upstream import Upstream, UpstreamLimits, open_upstreams
from postroom_gateway.rate_limits.limits import RequestLimits, SignInLimits
from postroom_gateway.sessions.cookies import CookieNames
from postroom_gateway.sessions.directory_client import SignInVerifier, open_verifier
from postroom_gateway.sessions.domain import SessionPolicy
from postroom_gateway.settings import GatewaySettings
from postroom_shared.database import Sessions
from postroom_shared.service import Runtime

_NAME = "gateway"


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """The parts of a running gateway."""

    settings: GatewaySettings
    sessions: Sessions
    policy: SessionPolicy
    cookies: CookieNames
    verifier: SignInVerifier
    sign_in_limits: SignInLimits
    request_limits: RequestLimits
    identities: Identities
    changes: IdentityChanges
    tokens: InternalTokens
    routes: RouteTable
    upstreams: dict[str, Upstream]
    streams: OpenStreams
    documents: Documents
    draining: Draining

    @staticmethod
    def of(runtime: Runtime[GatewaySettings]) -> "Gateway":
        """Return the parts that `open_gateway` put into *runtime*."""
        gateway = runtime.resources[_NAME]
        assert isinstance(gateway, Gateway)  # noqa: S101 - nothing else is put there
        return gateway


def session_policy(settings: GatewaySettings) -> SessionPolicy:
    """Return how long sessions last."""
    return SessionPolicy(
        access=timedelta(seconds=settings.access_lifetime_s),
        idle=timedelta(seconds=settings.session_idle_s),
        lifetime=timedelta(seconds=settings.session_lifetime_s),
        refresh_grace=timedelta(seconds=settings.refresh_grace_s),
    )


def upstream_limits(settings: GatewaySettings) -> UpstreamLimits:
    """Return how long and how much the gateway lets a service."""
    return UpstreamLimits(**{name: getattr(settings, name) for name in UpstreamLimits.__dataclass_fields__})


@asynccontextmanager
async def open_gateway(runtime: Runtime[GatewaySettings]) -> AsyncIterator[None]:
    """Open the parts of the gateway into *runtime*; connections to services are made when they are needed."""
    settings = runtime.settings
    manifests = [each for each in installed_services(own_name=MANIFEST.name) if each.api_prefixes]
    urls = upstream_urls(manifests, given=settings.upstreams, base_port=settings.port)
    policy = session_policy(settings)
    identities = Identities(runtime.sessions, policy=policy)
    streams = OpenStreams()
    async with AsyncExitStack() as stack:
        runtime.resources[_NAME] = Gateway(
            settings=settings,
            sessions=runtime.sessions,
            policy=policy,
            cookies=CookieNames(settings.secure),
            verifier=await stack.enter_async_context(open_verifier(settings.directory_url, runtime.signer)),
            sign_in_limits=SignInLimits(settings),
            request_limits=RequestLimits(settings),
            identities=identities,
            changes=IdentityChanges(runtime.engine, identities, schema=MANIFEST.schema),
            tokens=InternalTokens(runtime.signer),
            routes=RouteTable(manifests),
            upstreams=await stack.enter_async_context(open_upstreams(urls, upstream_limits(settings))),
            streams=streams,
            draining=Draining(streams, delay_s=settings.drain_delay_s),
            documents=await stack.enter_async_context(open_documents(manifests, urls)),
        )
        yield

"""The limits of this process: of clients, people, organisations, and of tries to sign in.

Each gateway counts for itself: with n gateways behind a load balancer the limits are up to n times as high.
"""

import math
import time
from collections.abc import Iterator
from ipaddress import IPv6Address, ip_address
from uuid import UUID

from postroom_gateway.rate_limits.token_bucket import Rate, Taken, TokenBuckets
from postroom_gateway.settings import GatewaySettings
from postroom_shared.errors import RateLimitedError
from postroom_shared.principal import PersonPrincipal

FAILURES_IN_ALL = 5
"""Wrong passwords for one account from everywhere, as a multiple of those from one client address."""
_FAILURE_FORGOTTEN_PER_S = 1 / 60


class TooManyRequestsError(RateLimitedError):
    """The client, the person or the organisation asks too often."""

    slug = "gateway/too-many-requests"
    title = "Too many requests"


def network_of(client_address: str) -> str:
    """Return whose address it is, for counting: an IPv6 customer has a whole /64 (RFC 6177)."""
    try:
        address = ip_address(client_address)
    except ValueError:
        return client_address
    if not isinstance(address, IPv6Address):
        return client_address
    return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))


class RequestLimits:
    """How often clients, people and organisations may ask."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._clients = TokenBuckets(Rate(per_second=settings.rate_per_client, burst=settings.burst_per_client))
        self._people = TokenBuckets(Rate(per_second=settings.rate_per_person, burst=settings.burst_per_person))
        self._organisations = TokenBuckets(
            Rate(per_second=settings.rate_per_organisation, burst=settings.burst_per_organisation)
        )

    def take_client(self, client_address: str) -> Taken:
        """Count a request of a client address.

        Raises:
            TooManyRequestsError: It asks too often.
        """
        return _granted(self._clients.take(network_of(client_address), now=time.monotonic()))

    def take_person(self, person: PersonPrincipal) -> Taken:
        """Count a request of a person, and of the organisation they act in; return the tighter of the two.

        Raises:
            TooManyRequestsError: One of them asks too often.
        """
        taken = list(self._take(person.person_id, person.organisation_id))
        return min(taken, key=lambda each: each.remaining)

    def _take(self, person_id: UUID, organisation_id: UUID | None) -> Iterator[Taken]:
        now = time.monotonic()
        yield _granted(self._people.take(person_id, now=now))
        if organisation_id is not None:
            yield _granted(self._organisations.take(organisation_id, now=now))


class SignInLimits:
    """How often a client may try to sign in, and how many wrong passwords an account may see."""

    def __init__(self, settings: GatewaySettings) -> None:
        failures = settings.sign_in_failures_burst
        self._clients = TokenBuckets(Rate(per_second=1, burst=settings.sign_ins_per_client_burst))
        self._pairs = TokenBuckets(Rate(per_second=_FAILURE_FORGOTTEN_PER_S, burst=failures))
        self._accounts = TokenBuckets(
            Rate(per_second=_FAILURE_FORGOTTEN_PER_S * FAILURES_IN_ALL, burst=failures * FAILURES_IN_ALL)
        )

    def take(self, *, email: str, client_address: str) -> Taken:
        """Count a try; return the longest wait, 0 when it may be looked at."""
        now, network = time.monotonic(), network_of(client_address)
        taken = self._clients.take(network, now=now)
        if taken.wait_s == 0:
            taken = self._pairs.take((email, network), now=now)
        return self._accounts.take(email, now=now) if taken.wait_s == 0 else taken

    def give_back(self, *, email: str, client_address: str) -> None:
        """Forget the try: its password was right."""
        self._pairs.give_back((email, network_of(client_address)))
        self._accounts.give_back(email)


def _granted(taken: Taken) -> Taken:
    if taken.wait_s > 0:
        raise TooManyRequestsError(retry_after_s=taken.retry_after_s)
    return taken


def rate_limit_headers(taken: Taken) -> list[tuple[bytes, bytes]]:
    """Return what tells a client how much it has left (draft-ietf-httpapi-ratelimit-headers, its three-field form)."""
    return [
        (b"ratelimit-limit", b"%d" % taken.limit),
        (b"ratelimit-remaining", b"%d" % taken.remaining),
        (b"ratelimit-reset", b"%d" % math.ceil(taken.reset_s)),
    ]

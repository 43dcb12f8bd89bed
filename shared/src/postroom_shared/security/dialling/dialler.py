"""Connect to a host that a user named, without becoming the user's way into the operator's network.

A name is resolved once, every answer is judged, and the connection goes to a judged address, never to the name again:
a DNS server that answers differently the second time is not asked a second time.

A second wall belongs into the deployment: an egress firewall for the processes that dial.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Self

import structlog

from postroom_shared.errors import ProblemError
from postroom_shared.security.dialling.addresses import (
    IpAddress,
    IpNetwork,
    is_public,
    is_within,
    parse_address,
    unmapped,
)
from postroom_shared.security.dialling.errors import HostCertificateError, HostRefusedError, HostUnreachableError
from postroom_shared.security.dialling.hostnames import is_public_name, parse_host
from postroom_shared.security.dialling.resolving import Resolver, system_resolver

RESOLVE_TIMEOUT_S = 5.0
MAX_ANSWERS = 16
MAX_ADDRESSES_TRIED = 4
ANSWER_STEP_S = 0.5
READ_LIMIT_BYTES = 64 * 1024

log = structlog.get_logger("postroom.dialling")


@dataclass(frozen=True, slots=True)
class CheckedTarget:
    """A host and port that may be connected to, with the addresses that were judged.

    Attributes:
        host: In lower-case A-labels, or an IP address; the name the certificate must have.
        port: The TCP port.
        addresses: Where a connection may go, in the resolver's order.
    """

    host: str
    port: int
    addresses: tuple[IpAddress, ...]


class Dialler:
    """Check hosts and connect to them. One per process; it holds no connection.

    Args:
        ports: The ports that users may name, `{143, 993}` for IMAP.
        exemptions: Exact (host, port) pairs that skip every rule but the syntax: the operator's allow-list and the mail
            servers of the directory.
        own_hosts: Names of this installation; refused.
        own_networks: Addresses of this installation beyond the private ones; refused.
        resolver: Names to addresses.
        resolve_timeout_s: Most time for one name.
        answer_step_s: Refusals come at multiples of this time after the call, so that it does not tell their causes.
    """

    def __init__(
        self,
        *,
        ports: Collection[int],
        exemptions: Iterable[tuple[str, int]] = (),
        own_hosts: Iterable[str] = (),
        own_networks: Iterable[IpNetwork] = (),
        resolver: Resolver = system_resolver,
        resolve_timeout_s: float = RESOLVE_TIMEOUT_S,
        answer_step_s: float = ANSWER_STEP_S,
    ) -> None:
        self._ports = frozenset(ports)
        self._exemptions = frozenset((parse_host(host), port) for host, port in exemptions)
        self._own_hosts = frozenset(map(parse_host, own_hosts))
        self._own_networks = tuple(own_networks)
        self._resolver = resolver
        self._resolve_timeout_s = resolve_timeout_s
        self._answer_step_s = answer_step_s

    def exempting(self, endpoints: Iterable[tuple[str, int]]) -> Self:
        """Return a dialler that exempts these (host, port) pairs too."""
        return type(self)(
            ports=self._ports,
            exemptions=[*self._exemptions, *endpoints],
            own_hosts=self._own_hosts,
            own_networks=self._own_networks,
            resolver=self._resolver,
            resolve_timeout_s=self._resolve_timeout_s,
            answer_step_s=self._answer_step_s,
        )

    async def check(self, host: str, port: int) -> CheckedTarget:
        """Return where a connection to *host* may go.

        Raises:
            HostRefusedError: The name is malformed, unknown or not public, the port is not offered, or one of the
                addresses is not public. Text and time are alike for all; the log has the cause.
        """
        async with _levelled(self._answer_step_s):
            try:
                async with asyncio.timeout(self._resolve_timeout_s):
                    return await self._judged(host, port)
            except (ValueError, OSError) as error:
                log.info("dialling.refused", port=port, cause=str(error) or type(error).__name__)
                raise HostRefusedError from None

    async def connect(
        self,
        target: CheckedTarget,
        *,
        tls: ssl.SSLContext | None,
        timeout_s: float,
        read_limit_bytes: int = READ_LIMIT_BYTES,
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to one of the checked addresses, with TLS for the host's name unless *tls* is None.

        Who encrypts later (STARTTLS) verifies `target.host` as the certificate's name.

        Args:
            target: What `check` returned.
            tls: A context that verifies certificate and host name.
            timeout_s: For all addresses and the TLS handshake together.
            read_limit_bytes: Most that `readuntil` and `readline` buffer.

        Raises:
            HostUnreachableError: No connection came about. Nothing of what the host said is passed on.
            HostCertificateError: The certificate is not valid for the host's name.
            ValueError: *tls* does not verify.
        """
        server_hostname = target.host if _verifying(tls) else None
        async with _levelled(self._answer_step_s), _reaching(timeout_s):
            connection = await _connected(target, deadline=asyncio.get_running_loop().time() + timeout_s)
            return await asyncio.open_connection(
                sock=connection, ssl=tls, server_hostname=server_hostname, limit=read_limit_bytes
            )

    async def _judged(self, host: str, port: int) -> CheckedTarget:
        name = parse_host(host)
        if (name, port) in self._exemptions:
            return CheckedTarget(name, port, await self._addresses(name, port))
        if port not in self._ports:
            raise ValueError("the port is not offered")
        if name in self._own_hosts or not is_public_name(name):
            raise ValueError("the name is not public")
        # the final dot: no search list of the system makes another name of it
        addresses = await self._addresses(name if parse_address(name) else f"{name}.", port)
        if not all(is_public(address) and not is_within(address, self._own_networks) for address in addresses):
            raise ValueError("an address is not public")
        return CheckedTarget(name, port, addresses)

    async def _addresses(self, name: str, port: int) -> tuple[IpAddress, ...]:
        answers = [name] if parse_address(name) else await self._resolver(name, port)
        parsed = [parse_address(answer) for answer in answers]
        addresses = tuple(dict.fromkeys(unmapped(address) for address in parsed if address is not None))
        if not 0 < len(parsed) <= MAX_ANSWERS or None in parsed:
            raise ValueError("the name has no address, or far too many")
        return addresses


async def _connected(target: CheckedTarget, *, deadline: float) -> socket.socket:
    """Return a socket connected to the first address that answers; each gets an equal share of the time left."""
    tried = target.addresses[:MAX_ADDRESSES_TRIED]
    failure: OSError = ConnectionError("there is no address")
    for position, address in enumerate(tried):
        left_s = deadline - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(left_s / (len(tried) - position)):
                return await _connected_to(address, target.port)
        except OSError as error:
            failure = error
    raise failure


async def _connected_to(address: IpAddress, port: int) -> socket.socket:
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, (str(address), port))
        _compare_peer(connection, address, port)
    except BaseException:
        connection.close()
        raise
    return connection


def _compare_peer(connection: socket.socket, address: IpAddress, port: int) -> None:
    peer = connection.getpeername()
    if (parse_address(peer[0]), peer[1]) != (address, port):
        raise ConnectionError("connected to another address than the checked one")


def _verifying(tls: ssl.SSLContext | None) -> bool:
    if tls is not None and (tls.verify_mode is not ssl.CERT_REQUIRED or not tls.check_hostname):
        raise ValueError("the TLS context must verify certificate and host name")
    return tls is not None


@asynccontextmanager
async def _reaching(timeout_s: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except ssl.SSLCertVerificationError:
        raise HostCertificateError from None
    except OSError as error:  # refused, reset, timed out, no TLS
        log.info("dialling.unreachable", cause=type(error).__name__)
        raise HostUnreachableError from None


@asynccontextmanager
async def _levelled(step_s: float) -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    started = loop.time()
    try:
        yield
    except ProblemError:
        await asyncio.sleep(step_s - (loop.time() - started) % step_s)
        raise

"""Whose address a request comes from, through proxies that we trust and no others. Pure."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import TypeAlias

Networks: TypeAlias = Sequence[IPv4Network | IPv6Network]

UNKNOWN = "::"
"""Of a peer that has no IP address."""
_ANYWHERE = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))


def client_address(peer: str | None, forwarded_for: Sequence[bytes], trusted: Networks) -> str:
    """Return the address of the client.

    Args:
        peer: Who holds the other end of the connection.
        forwarded_for: The values of `X-Forwarded-For`, in order; each proxy added its own peer at the end.
        trusted: Networks of our own proxies.
    """
    address = peer or UNKNOWN
    hops = [hop.strip() for value in forwarded_for for hop in value.decode("latin-1").split(",") if hop.strip()]
    while hops and is_in(address, trusted) and is_in(hops[-1], _ANYWHERE):
        address = hops.pop()
    return address


def is_in(address: str, networks: Networks) -> bool:
    """Return whether *address* is an IP address in one of *networks*."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)

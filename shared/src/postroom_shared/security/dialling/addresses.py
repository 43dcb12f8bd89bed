"""Which addresses of the internet a stranger may make Postroom connect to. Pure.

`ipaddress.is_global` of Python 3.11 takes multicast, NAT64, 6to4 and site-local addresses for global: hence these
lists, which deny on IPv6 whatever they do not know.
"""

import ipaddress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias

IpAddress: TypeAlias = IPv4Address | IPv6Address
IpNetwork: TypeAlias = IPv4Network | IPv6Network

# IANA IPv4 Special-Purpose Address Registry (RFC 6890), multicast (RFC 5771), and what was once 6to4 relays (RFC 7526)
_IPV4_DENIED = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)

# RFC 4291 §2.4: global unicast. Everything else falls: NAT64, IPv4-compatible, site-local, link-local, ULA, multicast
_IPV6_ALLOWED = IPv6Network("2000::/3")
# IANA IPv6 Special-Purpose Address Registry: protocol assignments with Teredo, documentation, 6to4, AS112
_IPV6_DENIED = tuple(
    IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48")
)


def is_public(address: IpAddress) -> bool:
    """Return whether *address* is a host of the public internet; of an IPv4-mapped one the inner address is judged."""
    address = unmapped(address)
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _IPV4_DENIED)
    if address.scope_id is not None:
        return False
    return address in _IPV6_ALLOWED and not any(address in network for network in _IPV6_DENIED)


def unmapped(address: IpAddress) -> IpAddress:
    """Return the IPv4 address inside an IPv4-mapped one (RFC 4291 §2.5.5.2), any other as it is."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_within(address: IpAddress, networks: tuple[IpNetwork, ...]) -> bool:
    """Return whether *address*, or the IPv4 address inside it, belongs to one of *networks*."""
    return any(each in network for each in {address, unmapped(address)} for network in networks)


def parse_address(text: str) -> IpAddress | None:
    """Return the address that *text* spells in full, else None: `127.1`, `0177.0.0.1` and `0x7f000001` are none."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None

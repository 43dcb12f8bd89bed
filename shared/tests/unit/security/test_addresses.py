"""The vectors are those of Stripe's smokescreen, the registries of IANA, and addresses that guards have let through."""

import ipaddress
from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest
import ssrfguard
from hypothesis import example, given
from hypothesis import strategies as st

from postroom_shared.security.dialling.addresses import IpAddress, is_public, is_within, parse_address

PUBLIC = (
    "100.63.255.254",
    "100.128.0.1",
    "8.8.8.8",
    "::ffff:8.8.8.8",
    "2606:4700:4700::1111",
    "2001:4860:4860::8888",
)
NOT_PUBLIC = (
    "127.0.0.1",
    "127.255.255.255",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "100.127.255.254",
    "169.254.169.254",
    "0.0.0.0",  # noqa: S104 - an address to refuse
    "192.0.0.1",
    "192.0.0.9",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "192.88.99.1",
    "192.31.196.1",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::ac1c:5",
    "64:ff9b::808:808",
    "64:ff9c::1",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "fe80::1",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "ff02::2",
    "2001:db8::1",
    "100::1",
    "2001:2::1",
    "2001:20::1",
    "5f00::1",
    "3fff::1",
)

STRICTER_THAN_SSRFGUARD = {
    "192.0.0.9": "PCP anycast: of the protocol, no mail server",
    "192.31.196.1": "AS112: answers for private reverse zones",
    "64:ff9b::808:808": "NAT64 leads wherever the translator leads; ssrfguard judges the inner address",
    "64:ff9c::1": "not global unicast; ssrfguard allows what no registry names",
    "2002:808:808::1": "6to4 leads wherever the relay leads; ssrfguard judges the inner address",
    "2001:20::1": "ORCHIDv2: no place in a network",
}
"""The six vectors on which the independent guard is more lenient; there is none on which it is stricter."""

addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6), st.ip_addresses(v=6, network="2000::/3"))


def ssrfguard_allows(address: IpAddress) -> bool:
    host = f"[{address}]" if address.version == 6 else str(address)
    try:
        ssrfguard.Policy().check_url(f"http://{host}/")
    except ssrfguard.SSRFGuardError:
        return False
    return True


@pytest.mark.parametrize("text", PUBLIC)
def test_hosts_of_the_public_internet_may_be_dialled(text: str):
    assert is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_no_other_address_may_be_dialled(text: str):
    assert not is_public(ipaddress.ip_address(text))


def test_an_independent_guard_judges_alike_but_for_six_vectors():
    differing = {
        text
        for text in (*PUBLIC, *NOT_PUBLIC)
        if is_public(ipaddress.ip_address(text)) != ssrfguard_allows(ipaddress.ip_address(text))
    }

    assert differing == set(STRICTER_THAN_SSRFGUARD)


@given(addresses)
@example(IPv4Address("192.52.193.1"))
@example(IPv6Address("2620:4f:8000::1"))
@example(IPv6Address("2001:1ff:ffff::1"))
def test_whatever_is_public_here_is_public_to_an_independent_guard(address: IpAddress):
    assert not is_public(address) or ssrfguard_allows(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_mapped_address_is_judged_by_the_address_inside(inner: IPv4Address):
    assert is_public(IPv6Address(f"::ffff:{inner}")) == is_public(inner)


@given(st.ip_addresses(v=6))
def test_ipv6_is_denied_unless_it_is_global_unicast(address: IPv6Address):
    global_unicast = address in IPv6Network("2000::/3") or address.ipv4_mapped is not None

    assert global_unicast or not is_public(address)


@given(st.ip_addresses(v=4))
def test_no_way_of_carrying_ipv4_in_ipv6_is_a_way_around(inner: IPv4Address):
    word = int(inner)
    carriers = (
        IPv6Address(word),  # IPv4-compatible
        IPv6Address(0x64FF9B << 96 | word),  # NAT64
        IPv6Address(0x2002 << 112 | word << 80 | 1),  # 6to4
        IPv6Address(0x20010000 << 96 | word ^ 0xFFFFFFFF),  # Teredo
        IPv6Address(0xFE80 << 112 | 0x5EFE << 32 | word),  # ISATAP
    )

    assert not any(map(is_public, carriers))


def test_an_address_with_a_zone_is_never_public():
    assert not is_public(IPv6Address("2606:4700:4700::1111%1"))


def test_a_network_of_ones_own_holds_ipv4_mapped_addresses_too():
    own = (ipaddress.ip_network("8.8.8.0/24"), ipaddress.ip_network("2606:4700::/32"))

    inside = [is_within(ipaddress.ip_address(text), own) for text in ("8.8.8.8", "::ffff:8.8.8.8", "2606:4700::1")]

    assert inside == [True, True, True]
    assert not is_within(IPv4Address("8.8.4.4"), own)


@pytest.mark.parametrize("text", ["127.1", "0177.0.0.1", "0x7f.0.0.1", "2130706433", "1.2.3.4.", " 1.2.3.4", "[::1]"])
def test_only_full_notation_is_an_address(text: str):
    assert parse_address(text) is None

import contextlib
import socket
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_shared.security.dialling.addresses import parse_address
from postroom_shared.security.dialling.hostnames import is_public_name, parse_host

LABEL = "x" * 63


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("imap.example.com", "imap.example.com"),
        ("IMAP.Example.COM", "imap.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("imap。example。com", "imap.example.com"),
        ("mail1.163.com", "mail1.163.com"),
        ("3com.example", "3com.example"),
        ("dovecot", "dovecot"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        (f"{LABEL}.{LABEL}.{LABEL}.{'x' * 61}", f"{LABEL}.{LABEL}.{LABEL}.{'x' * 61}"),
    ],
)
def test_host_names_and_full_addresses_are_hosts(text: str, host: str):
    assert parse_host(text) == host


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "0177.0.0.1",
        "2130706433",
        "127.1",
        "127.0.1",
        "0x7f.1",
        "0x7f000001",
        "0X7F.0.0.1",
        "0x",
        "127.0.0.0x1",
        "017700000001",
        "1.2.3.4.5",
        "256.1.1.1",
        "①②⑦.0.0.1",
        "\uff11\uff12\uff17.0.0.1",
        "127。0。0。1",
        "127.0.0.1.",
        "example.com.",
        "example..com",
        ".example.com",
        "user@host.example",
        "user:password@host.example",
        "host.example:993",
        "[::1]",
        "[::ffff:a9fe:a9fe]",
        "http://host.example",
        "host.example/path",
        "host.example?x",
        "host.example#x",
        "host.example\\x",
        "example.com\r\nX: y",
        "example.com\n",
        "example.com\x00",
        "example.com\x00.evil.example",
        "exa mple.com",
        " example.com",
        "example.com\t",
        "exa_mple.com",
        "-example.com",
        "example-.com",
        "exa%6dple.com",
        "xn--\ud800.com",
        f"{LABEL}x.example",
        f"{LABEL}.{LABEL}.{LABEL}.{'x' * 62}",
        "ü" * 100_000,
    ],
)
def test_anything_else_is_no_host(text: str):
    with pytest.raises(ValueError, match="no host name"):
        parse_host(text)


@given(st.text())
def test_a_host_is_always_written_in_ascii_and_stays_what_it_is(text: str):
    with contextlib.suppress(ValueError):
        host = parse_host(text)
        assert host.isascii()
        assert parse_host(host) == host


@given(st.text(alphabet=string.hexdigits + "xX.", max_size=20))
def test_what_a_resolver_could_read_as_a_number_is_no_host(text: str):
    with contextlib.suppress(ValueError):
        last = parse_host(text).rpartition(".")[2]
        assert parse_address(text) or not _is_read_as_a_number(last)


def _is_read_as_a_number(label: str) -> bool:
    try:
        socket.inet_aton(label)
    except OSError:
        return label.isdigit() or label == "0x"  # too large for this resolver; another one may cut it down
    return True


@pytest.mark.parametrize("host", ["imap.example.com", "xn--bcher-kva.example", "8.8.8.8", "2606:4700:4700::1111"])
def test_full_names_and_addresses_can_be_public(host: str):
    assert is_public_name(host)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "dovecot",
        "a.localhost",
        "a.local",
        "metadata.google.internal",
        "a.localdomain",
        "nas.lan",
        "router.home.arpa",
        "1.0.0.127.in-addr.arpa",
        "a.onion",
        "a.invalid",
    ],
)
def test_names_of_private_networks_are_not_public(host: str):
    assert not is_public_name(host)

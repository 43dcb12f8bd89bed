"""What counts as the name of a host. Pure.

Resolvers read far more than host names: `getaddrinfo` takes `127.1`, `0177.0.0.1`, `0x7f.1` and `2130706433` for
127.0.0.1. Such spellings are refused here, before anything is resolved.
"""

import re

import idna

from postroom_shared.security.dialling.addresses import parse_address

MAX_HOST_OCTETS = 253  # RFC 1035 §2.3.4, without the final dot
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")  # RFC 1123 §2.1
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")  # what a resolver may read as the end of an IPv4 address

# RFC 6761, RFC 6762, RFC 7686, RFC 8375, and the names that networks give themselves
_NOT_PUBLIC = frozenset({"arpa", "internal", "invalid", "lan", "local", "localdomain", "localhost", "onion"})


def parse_host(text: str) -> str:
    """Return a host name in lower-case A-labels without final dot, or an IP address in its canonical form.

    Raises:
        ValueError: It is neither. User names, ports, brackets, blanks and control characters make it neither.
    """
    if len(text) > MAX_HOST_OCTETS:
        raise ValueError("this is no host name")
    if (address := parse_address(text)) is not None:
        return str(address)
    try:
        name = text.lower() if text.isascii() else idna.encode(text, uts46=True, std3_rules=True).decode("ascii")
    except idna.IDNAError:
        raise ValueError("this is no host name") from None
    labels = name.split(".")
    if len(name) > MAX_HOST_OCTETS or not all(map(_LABEL.fullmatch, labels)) or _NUMBER.fullmatch(labels[-1]):
        raise ValueError("this is no host name")
    return name


def is_public_name(host: str) -> bool:
    """Return whether *host*, as `parse_host` gives it, can be a name of the public internet."""
    if parse_address(host) is not None:
        return True
    labels = host.split(".")
    return len(labels) > 1 and labels[-1] not in _NOT_PUBLIC

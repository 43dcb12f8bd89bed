"""Which suite is meant, and whether one may send a token there."""

import ipaddress
from urllib.parse import urlsplit

DEFAULT_URL = "http://127.0.0.1:8125"


class BadUrlError(Exception):
    """It is no address of a suite."""


class PlainUrlError(Exception):
    """The token would travel unencrypted to another machine."""


def suite_url(text: str) -> str:
    """Return the address of a suite in one way of writing it: scheme and host, without a slash at its end.

    Raises:
        BadUrlError: It is not `https://host[:port]`, or `http://` on this machine.
        PlainUrlError: It is `http://` and not this machine.
    """
    try:
        parts = urlsplit(text.strip())
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise BadUrlError(text) from error
    extra = parts.path.strip("/") or parts.query or parts.fragment or parts.username
    if parts.scheme not in {"http", "https"} or not host or extra:
        raise BadUrlError(text)
    if parts.scheme == "http" and not _is_this_machine(host):
        raise PlainUrlError(text)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

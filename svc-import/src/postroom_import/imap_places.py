"""Where an IMAP server answers. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Tls(StrEnum):
    """How a connection is encrypted; plain ones lead only to mail servers of the directory."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ImapPlace:
    """Where an IMAP server answers.

    Attributes:
        is_own: Whether the directory knows it: the rules for hosts that people name do not apply.
        ca_pem: Certificate authority of such a server, when it is not one that everybody trusts.
    """

    host: str
    port: int
    tls: Tls
    is_own: bool = False
    ca_pem: str | None = field(default=None, repr=False)


def as_known(named: ImapPlace, known: Iterable[ImapPlace]) -> ImapPlace:
    """Return *named* as the directory knows it, if it is one of *known* by host and port, else as anybody's."""
    own = next((place for place in known if (place.host, place.port) == (named.host.lower(), named.port)), None)
    return replace(named, is_own=own is not None, ca_pem=own.ca_pem if own else None)

"""Where an IMAP server answers. Pure."""

from dataclasses import dataclass
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
    """

    host: str
    port: int
    tls: Tls
    is_own: bool = False

"""What can go wrong in a talk with an IMAP server; the copier decides what each means for a job.

ImapError
├── ImapUsageError            the caller asked for what cannot be sent
├── ImapProtocolError         the server sent what cannot be read
├── ImapConnectionError       the connection is gone, or never was
│   ├── ImapTimeoutError
│   └── ImapTlsError          no encryption, or none that can be trusted
└── ImapRefusedError          NO or BAD
    ├── ImapAuthenticationError
    ├── ImapUnavailableError  try again later
    ├── ImapOverQuotaError
    ├── ImapTooBigError
    ├── ImapMailboxMissingError
    └── ImapMailboxExistsError
"""

from typing import ClassVar


class ImapError(Exception):
    """Anything that ends an IMAP step early."""


class ImapUsageError(ImapError, ValueError):
    """The caller asked for something no server could understand; nothing was sent."""


class ImapProtocolError(ImapError):
    """The server sent bytes outside the grammar or the limits; the connection is closed."""


class ImapConnectionError(ImapError):
    """The connection could not be made or was lost; commands without an answer may or may not have been done."""


class ImapTimeoutError(ImapConnectionError):
    """The server kept silent for too long; the connection is closed."""


class ImapTlsError(ImapConnectionError):
    """The connection could not be encrypted, or the certificate is not to be trusted."""


class ImapRefusedError(ImapError):
    """The server answered a command with NO or BAD.

    Args:
        text: The server's own words; they may quote what was sent.
        code: Name of the response code in upper case, such as "OVERQUOTA"; empty when there was none.
        is_bad: True for BAD (the command was not understood), False for NO.
    """

    codes: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, text: str, *, code: str = "", is_bad: bool = False) -> None:
        super().__init__(f"[{code}] {text}" if code else text)
        self.text = text
        self.code = code
        self.is_bad = is_bad


class ImapAuthenticationError(ImapRefusedError):
    """The server does not accept these credentials, or no way in that both sides know."""

    codes = frozenset({"AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED", "PRIVACYREQUIRED"})


class ImapUnavailableError(ImapRefusedError):
    """The server cannot do it now (RFC 5530 §3: UNAVAILABLE, INUSE, LIMIT, SERVERBUG); a later try may succeed."""

    codes = frozenset({"UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG"})


class ImapOverQuotaError(ImapRefusedError):
    """The mailbox is full."""

    codes = frozenset({"OVERQUOTA"})


class ImapTooBigError(ImapRefusedError):
    """The message is larger than the server takes (RFC 4469 §6)."""

    codes = frozenset({"TOOBIG"})


class ImapMailboxMissingError(ImapRefusedError):
    """There is no such mailbox."""

    codes = frozenset({"TRYCREATE", "NONEXISTENT"})


class ImapMailboxExistsError(ImapRefusedError):
    """There is such a mailbox already."""

    codes = frozenset({"ALREADYEXISTS"})


_BY_CODE: dict[str, type[ImapRefusedError]] = {
    code: error
    for error in (
        ImapAuthenticationError,
        ImapUnavailableError,
        ImapOverQuotaError,
        ImapTooBigError,
        ImapMailboxMissingError,
        ImapMailboxExistsError,
    )
    for code in error.codes
}


def refusal(text: str, *, code: str, is_bad: bool) -> ImapRefusedError:
    """Return the most telling error for a NO or BAD with this response code.

    Source: RFC 5530 §3
    """
    return _BY_CODE.get(code, ImapRefusedError)(text, code=code, is_bad=is_bad)

"""Who signs in, and which SASL message says so (RFC 4616 PLAIN, RFC 7628 OAUTHBEARER, XOAUTH2)."""

import binascii
from dataclasses import dataclass, field

from postroom_import.imap import commands
from postroom_import.imap.commands import Command
from postroom_import.imap.errors import ImapAuthenticationError, ImapUsageError


@dataclass(frozen=True, slots=True)
class PasswordCredentials:
    """A name and a password.

    Args:
        authorization: The account to act for, when it is not *username*'s own: a master user's way in.
    """

    username: str
    password: str = field(repr=False)
    authorization: str | None = None

    def __post_init__(self) -> None:
        if "\x00" in self.username + self.password + (self.authorization or ""):
            raise ImapUsageError("Credentials hold no NUL")


@dataclass(frozen=True, slots=True)
class TokenCredentials:
    """A name and an OAuth 2 access token."""

    username: str
    token: str = field(repr=False)

    def __post_init__(self) -> None:
        if any(character in self.username + self.token for character in "\x00\x01\r\n"):
            raise ImapUsageError("Credentials hold no control characters")


Credentials = PasswordCredentials | TokenCredentials


def plain(credentials: PasswordCredentials) -> bytes:
    """Return the message of SASL PLAIN (RFC 4616 §2)."""
    fields = (credentials.authorization or "", credentials.username, credentials.password)
    return "\x00".join(fields).encode("utf-8")


def xoauth2(credentials: TokenCredentials) -> bytes:
    """Return the message of XOAUTH2, as Google and Microsoft define it."""
    return f"user={credentials.username}\x01auth=Bearer {credentials.token}\x01\x01".encode()


def oauthbearer(credentials: TokenCredentials) -> bytes:
    """Return the message of OAUTHBEARER (RFC 7628 §3.1)."""
    # RFC 5801 §4: "," and "=" in a saslname are escaped.
    name = credentials.username.replace("=", "=3D").replace(",", "=2C")
    return f"n,a={name},\x01auth=Bearer {credentials.token}\x01\x01".encode()


def sign_in(credentials: Credentials, capabilities: frozenset[str]) -> Command:
    """Return the command that signs in, the safest that both sides know.

    Raises:
        ImapAuthenticationError: When the server offers none.
    """
    inline = "SASL-IR" in capabilities
    if isinstance(credentials, TokenCredentials):
        return _token_sign_in(credentials, capabilities, inline=inline)
    if "AUTH=PLAIN" in capabilities:
        # A further challenge means that the server expects something else: "*" cancels. RFC 3501 §6.2.2
        return commands.authenticate("PLAIN", _base64(plain(credentials)), inline=inline, on_challenge=b"*")
    if "LOGINDISABLED" in capabilities or credentials.authorization is not None:
        raise ImapAuthenticationError("The server offers no way to sign in with this kind of password")
    return commands.login(credentials.username, credentials.password)


def _token_sign_in(credentials: TokenCredentials, capabilities: frozenset[str], *, inline: bool) -> Command:
    # A refusal comes as a challenge, and NO only after the client has answered it:
    # with %x01 (RFC 7628 §3.2.3), with an empty line for XOAUTH2.
    if "AUTH=OAUTHBEARER" in capabilities:
        message = _base64(oauthbearer(credentials))
        return commands.authenticate("OAUTHBEARER", message, inline=inline, on_challenge=_base64(b"\x01"))
    if "AUTH=XOAUTH2" in capabilities:
        return commands.authenticate("XOAUTH2", _base64(xoauth2(credentials)), inline=inline, on_challenge=b"")
    raise ImapAuthenticationError("The server does not sign in with OAuth 2 tokens")


def _base64(message: bytes) -> bytes:
    return binascii.b2a_base64(message, newline=False)

"""How long a session lasts, and what a refresh token that comes back means. Pure.

A session is a chain of token pairs: an access token for requests, and a refresh token that makes the next pair. A pair
is *replaced* when the first request comes with a later one, not when the later one is made: an answer that got lost on
the way costs nobody their session. For `refresh_grace` after that the replaced pair is still taken, because two tabs of
one browser refresh at the same moment and their answers arrive in any order. After the grace, a replaced refresh token
means that two parties hold the session, the person and a thief, and nobody can say which is which: the session ends.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

MAX_PAIRS = 8
"""Pairs of one session that wait to be used; no browser has as many refreshes on the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPolicy:
    """How long things last."""

    access: timedelta
    idle: timedelta
    lifetime: timedelta
    refresh_grace: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInSession:
    """One sign-in of one person on one device.

    Attributes:
        organisation_id: In which the person acts unless a request says otherwise.
        csrf_token: What the page sends back in `X-CSRF-Token`; it opens nothing without the cookie.
        credential_version: Of the person's password at the sign-in; a later version ends the session.
        client: Family of browser and system, for the list of sessions.
    """

    id: UUID
    person_id: UUID
    organisation_id: UUID | None
    csrf_token: str
    credential_version: int
    client: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    ended_at: datetime | None

    def is_over(self, *, now: datetime, policy: SessionPolicy) -> bool:
        """Return whether it ended, idled too long, or reached its end."""
        return self.ended_at is not None or now >= self.expires_at or now >= self.last_used_at + policy.idle


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """An access token and its refresh token, as they are stored."""

    id: UUID
    issued_at: datetime
    access_expires_at: datetime
    first_used_at: datetime | None
    replaced_at: datetime | None

    def _in_grace(self, *, now: datetime, policy: SessionPolicy) -> bool:
        return self.replaced_at is None or now < self.replaced_at + policy.refresh_grace

    def opens(self, *, now: datetime, policy: SessionPolicy) -> bool:
        """Return whether the access token is still good."""
        return now < self.access_expires_at and self._in_grace(now=now, policy=policy)

    def refreshes(self, *, now: datetime, policy: SessionPolicy) -> bool:
        """Return whether the refresh token makes another pair; if not, somebody else has used its successor."""
        return self._in_grace(now=now, policy=policy)


class Browser(StrEnum):
    """Families the list of sessions tells apart."""

    EDGE = "Edge"
    OPERA = "Opera"
    FIREFOX = "Firefox"
    CHROME = "Chrome"
    SAFARI = "Safari"


# In this order: each names the ones after it too.
_BROWSERS = (
    ("Edg", Browser.EDGE),
    ("OPR/", Browser.OPERA),
    ("Firefox/", Browser.FIREFOX),
    ("FxiOS/", Browser.FIREFOX),
    ("Chrome/", Browser.CHROME),
    ("CriOS/", Browser.CHROME),
    ("Safari/", Browser.SAFARI),
)
_SYSTEMS = (
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_PRODUCT = re.compile(r"[A-Za-z][A-Za-z0-9 ._-]{0,39}")


def client_family(user_agent: str) -> str:
    """Return what a person recognises of *user_agent*: "Firefox on Linux", "python-httpx"; never the whole string."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), None)
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), None)
    if browser:
        return f"{browser} on {system}" if system else browser
    product = _PRODUCT.match(user_agent)
    return product[0].strip() if product else "Unknown client"
